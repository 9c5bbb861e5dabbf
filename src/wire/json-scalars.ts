/** How long a number or an escape of a JSON text is, in bytes (RFC 8259 sections 6 and 7). Nothing is read twice. */

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39

const isHexDigit = (byte: number | undefined): boolean =>
  isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)

/** 1 for the letters that may follow a backslash. */
const SIMPLE_ESCAPES = new Uint8Array(256)
for (const letter of '"\\/bfnrt') SIMPLE_ESCAPES[letter.charCodeAt(0)] = 1

/** Bytes of the escape that begins at `pos`; 0 when it is none. */
export function escapeLength(bytes: Uint8Array, pos: number, end: number): number {
  const letter = pos + 1 < end ? (bytes[pos + 1] as number) : 0
  if (SIMPLE_ESCAPES[letter] === 1) return 2
  if (letter !== 0x75 || pos + 6 > end) return 0
  for (let index = pos + 2; index < pos + 6; index += 1) if (!isHexDigit(bytes[index])) return 0
  return 6
}

/** Index behind the digits that begin at `pos`; `pos` when there is none. */
function digitsEnd(bytes: Uint8Array, pos: number, end: number): number {
  let at = pos
  while (at < end && isDigit(bytes[at])) at += 1
  return at
}

/** Index behind the number that begins at `pos`, -1 when there is none (RFC 8259 section 6). */
export function numberEnd(bytes: Uint8Array, pos: number, end: number): number {
  const first = bytes[pos] === 0x2d ? pos + 1 : pos
  const whole = first < end && bytes[first] === 0x30 ? first + 1 : digitsEnd(bytes, first, end)
  if (whole === first) return -1
  let at = whole
  if (at < end && bytes[at] === 0x2e) {
    at = digitsEnd(bytes, whole + 1, end)
    if (at === whole + 1) return -1
  }
  return at < end && ((bytes[at] as number) | 0x20) === 0x65 ? exponentEnd(bytes, at + 1, end) : at
}

function exponentEnd(bytes: Uint8Array, pos: number, end: number): number {
  const first = pos < end && (bytes[pos] === 0x2b || bytes[pos] === 0x2d) ? pos + 1 : pos
  const last = digitsEnd(bytes, first, end)
  return last === first ? -1 : last
}
