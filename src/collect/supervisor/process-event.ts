/** What supervisord's log says of one process; it gives no groups. */
export type ProcessEvent =
  | { readonly name: string; readonly kind: 'spawned'; readonly pid: number }
  /** It has been up for its `startsecs`. */
  | { readonly name: string; readonly kind: 'running' }
  /** It was asked to stop, and did. */
  | { readonly name: string; readonly kind: 'stopped' }
  /** It ended by itself. */
  | { readonly name: string; readonly kind: 'exited'; readonly expected: boolean; readonly why: string }
