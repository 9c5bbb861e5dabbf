/** What a marked span says, as the model reads it: the form in which it comes back, and in which it is put back. */

export interface ReadValue {
  readonly value: string
  /** Can it be written again where it stood? Not when it reaches over the ends of a string. */
  readonly isWhole: boolean
}

/** `isInJson`: the text is JSON that a model wrote, and its strings are what the model means. */
export function readValue(text: string, isInJson: boolean): ReadValue {
  if (!isInJson) return { value: text, isWhole: true }
  if (text.includes('"') || text.includes('\\')) {
    try {
      const value: unknown = JSON.parse(`"${text}"`)
      if (typeof value === 'string') return { value, isWhole: true }
    } catch {
      // It holds a quote that ends a string, or half an escape.
    }
    return { value: text, isWhole: false }
  }
  return { value: text, isWhole: true }
}
