/** What a parser makes of a text: its value, or what is wrong, in words that follow the place of the text. */
export type Parsed<T> = { readonly value: T } | { readonly wrong: string }
