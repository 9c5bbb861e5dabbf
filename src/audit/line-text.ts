/** Text rules of audit lines: how long a value may be and which characters are written as escapes. */

/** Characters kept of one value; what is longer ends in `…`. */
export const MAX_TEXT = 1024
/** Entries kept of one list. */
export const MAX_ITEMS = 100

export const cap = (value: string): string => (value.length <= MAX_TEXT ? value : `${value.slice(0, MAX_TEXT)}…`)
export const nullableText = (value: string | null): string | null => (value === null ? null : cap(value))

/**
 * JSON already escapes what is below U+0020. These are line breaks or direction marks to some reader, terminal or
 * editor: C1 controls, Arabic letter mark, LRM/RLM, line separators, bidi overrides and isolates, byte order mark.
 */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u
const UNSAFE_ALL = new RegExp(UNSAFE.source, 'gu')

function safeJson(value: object): string {
  const json = JSON.stringify(value)
  if (!UNSAFE.test(json)) return json
  return json.replace(UNSAFE_ALL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** An object as the rest of a JSON object that was begun elsewhere: `,"a":1}`. The object must not be empty. */
export const tailOf = (fields: object): string => `,${safeJson(fields).slice(1)}`

/** The same without the closing brace: `,"a":1`. */
export const openTail = (fields: object): string => `,${safeJson(fields).slice(1, -1)}`
