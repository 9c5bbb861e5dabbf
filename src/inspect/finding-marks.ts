/** Keyed hashes of what findings mark: to know a value again without keeping it. They are the placeholders of those values. */
import type { Finding } from '../domain/finding.ts'
import { type PlaceholderConfig, placeholderFor } from './placeholder.ts'
import { readValue } from './read-value.ts'
import { textView } from './text-view.ts'

/** The mark of one finding of `body`: the same for the same value, wherever and however it is written and whoever found it. */
export type MarkOf = (body: Uint8Array, finding: Finding) => string

export const createMarkOf =
  (placeholders: PlaceholderConfig): MarkOf =>
  (body, { start, end, escaping = 'plain', isJson = false }) =>
    placeholderFor(placeholders, readValue(textView(body, { start, end, escaping }).text, isJson).value)
