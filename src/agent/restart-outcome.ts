/** What became of a program's restart. */
export type RestartOutcome =
  | { readonly kind: 'restarted' }
  | {
      readonly kind: 'failed'
      /** Half a sentence, of one line. */
      readonly why: string
      /** Whether it may have been stopped, and so has to be started. */
      readonly leftStopped: boolean
    }
