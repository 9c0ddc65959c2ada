/** What is called again and again. */
export interface Repeated {
  /** The next call comes after the whole time from now. */
  restart(): void
  stop(): void
}

/** Calls again and again: for what is so frequent that a sleep each time, with its promise and its signal, costs too much. */
export function repeat(ms: number, task: () => void): Repeated {
  const timer = setInterval(task, ms)
  return { restart: () => void timer.refresh(), stop: () => clearInterval(timer) }
}
