/** What a URL answered when it was asked once. */
export type HttpReading =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** Where a redirect leads, without its query; null when it is none. */
      readonly location: string | null
      /** Those of the wanted texts that were in the answer. */
      readonly found: readonly string[]
      /** False when the answer was too long to be read whole. */
      readonly isWhole: boolean
    }
  /** No whole answer; the end of a sentence that begins with the URL: `did not answer within 10 s`. */
  | { readonly kind: 'failed'; readonly says: string }
  /** It is still being asked; a later look has the outcome. */
  | { readonly kind: 'waiting' }
