import type { XmlRpcValue } from './value.ts'

/** What a peer answered to a call. */
export type XmlRpcAnswer =
  | { readonly kind: 'value'; readonly value: XmlRpcValue }
  | { readonly kind: 'fault'; readonly code: number; readonly message: string }
