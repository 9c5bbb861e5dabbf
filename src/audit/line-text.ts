/** Text rules of audit lines: how long a value may be. */

/** Characters kept of one value; what is longer ends in `…`. */
export const MAX_TEXT = 1024
/** Entries kept of one list. */
export const MAX_ITEMS = 100

export const cap = (value: string): string => (value.length <= MAX_TEXT ? value : `${value.slice(0, MAX_TEXT)}…`)
export const nullableText = (value: string | null): string | null => (value === null ? null : cap(value))
