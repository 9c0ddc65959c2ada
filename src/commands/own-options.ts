/** Options of single commands; none has a variable. */
export const OWN_OPTIONS = {
  json: { flag: '--json', help: 'print JSON for scripts instead' },
  push: { flag: '--push', help: 'send one true heartbeat for each monitor too' },
  watch: { flag: '--watch', help: 'look again every 2 s until stopped' },
} as const

export type OwnOption = keyof typeof OWN_OPTIONS

/** What commander makes of them. */
export type OwnFlags = { readonly [N in OwnOption]?: boolean | undefined }
