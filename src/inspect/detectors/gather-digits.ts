/** The digits of a number as it is written, with what parts its groups left out, and without a text being made. */

/**
 * Puts the values of the decimal digits from `from` to `to` in `into`; other characters are passed over. How many there
 * are; 0: more than `into` holds.
 */
export function gatherDigits(text: string, from: number, to: number, into: Uint8Array): number {
  let count = 0
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) continue
    if (count === into.length) return 0
    into[count] = digit
    count += 1
  }
  return count
}
