/** RFC 6962 section 2.1 word for word, slow: what the fast tree is compared with. */
import { createHash } from 'node:crypto'

const sha256 = (...parts: (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

const below = (n: number): number => {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

/** MTH(D[n]). */
export function naiveRoot(entries: readonly Uint8Array[]): Buffer {
  const [first] = entries
  if (first === undefined) return sha256('')
  if (entries.length === 1) return sha256(Uint8Array.of(0), first)
  const k = below(entries.length)
  return sha256(Uint8Array.of(1), naiveRoot(entries.slice(0, k)), naiveRoot(entries.slice(k)))
}

/** PATH(m, D[n]). */
export function naivePath(m: number, entries: readonly Uint8Array[]): Buffer[] {
  if (entries.length <= 1) return []
  const k = below(entries.length)
  return m < k
    ? [...naivePath(m, entries.slice(0, k)), naiveRoot(entries.slice(k))]
    : [...naivePath(m - k, entries.slice(k)), naiveRoot(entries.slice(0, k))]
}

/** PROOF(m, D[n]). */
export const naiveProof = (m: number, entries: readonly Uint8Array[]): Buffer[] => subproof(m, entries, true)

function subproof(m: number, entries: readonly Uint8Array[], isWhole: boolean): Buffer[] {
  if (m === entries.length) return isWhole ? [] : [naiveRoot(entries)]
  const k = below(entries.length)
  return m <= k
    ? [...subproof(m, entries.slice(0, k), isWhole), naiveRoot(entries.slice(k))]
    : [...subproof(m - k, entries.slice(k), false), naiveRoot(entries.slice(0, k))]
}

export const entriesUpTo = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, index) => Buffer.from(`e${index}`))
