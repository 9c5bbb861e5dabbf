/** Names of people and machines as they may stand in events, rules and headers. */

/** Longer ones name nobody. */
const MAX_CHARS = 200

/** Nothing that could be read as something else in a log or a rule: no control or format characters, no outer spaces. */
export const isPlainName = (value: string): boolean =>
  value !== '' &&
  value.length <= MAX_CHARS &&
  value.trim() === value &&
  !/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/u.test(value)
