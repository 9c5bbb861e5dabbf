/** How many different clients there were, without knowing any: linear counting over a few bits that a keyed hash picks. */

/** Bits per count: right to about 5 % up to a thousand clients, "many" beyond. */
export const CLIENT_BITS = 512
const MOST = 3000

export const emptyBits = (): Uint8Array => new Uint8Array(CLIENT_BITS / 8)

export function setBit(bits: Uint8Array, bit: number): void {
  const at = (bit >>> 3) % bits.length
  bits[at] = (bits[at] ?? 0) | (1 << (bit & 7))
}

/** Into the first. */
export function joinBits(into: Uint8Array, more: Uint8Array): void {
  for (let at = 0; at < into.length; at++) into[at] = (into[at] ?? 0) | (more[at] ?? 0)
}

/** About how many (Whang, Vander-Zanden, Taylor 1990: n = -m ln V); never fewer than one where any bit is set. */
export function countClients(bits: Uint8Array): number {
  const size = bits.length * 8
  let set = 0
  for (const byte of bits) for (let rest = byte; rest > 0; rest >>>= 1) set += rest & 1
  if (set === size) return MOST
  return Math.min(MOST, Math.round(-size * Math.log((size - set) / size)))
}
