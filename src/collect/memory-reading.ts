/** How much resident memory the programs of one supervisord use. */
export type MemoryReading =
  /** Bytes of a process and everything below it, by its pid; a process that has ended meanwhile is not there. */
  | { readonly kind: 'read'; readonly bytes: ReadonlyMap<number, number> }
  /** Half a sentence that says why it cannot be known, and the way out. */
  | { readonly kind: 'failed'; readonly why: string }
  /** No monitor has a limit, or supervisord did not answer. */
  | { readonly kind: 'not-asked' }
