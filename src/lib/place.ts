/** Where a configured value stands, as people are told: `config.toml:12: push_every` or `--push-every:`. */
export interface Place {
  readonly label: string
  /** Lines of a file count from 1; 0 for options and variables, which are told first. */
  readonly line: number
}

/** A value somebody configured; null when it was wrong, which is reported already and must not be reported twice. */
export interface Given<T> {
  readonly place: Place
  readonly value: T | null
}
