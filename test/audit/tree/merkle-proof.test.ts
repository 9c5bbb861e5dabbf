import fc from 'fast-check'
import t from 'tap'
import { leafHash } from '../../../src/audit/tree/merkle.ts'
import {
  consistencyProof,
  inclusionProof,
  isConsistent,
  rootFromInclusion,
} from '../../../src/audit/tree/merkle-proof.ts'
import { entriesUpTo, naivePath, naiveProof, naiveRoot } from './naive-tree.ts'

const entries = entriesUpTo(140)
const subtree = (height: number, index: number) =>
  naiveRoot(entries.slice(index * 2 ** height, (index + 1) * 2 ** height))
const roots = Array.from({ length: entries.length + 1 }, (_, size) => naiveRoot(entries.slice(0, size)))
const size = fc.integer({ min: 1, max: entries.length })
const sizeAndBelow = size.chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 1, max: n })))
/** A proof that is not the one given: a hash changed, dropped, doubled or swapped. */
const spoilt = (proof: readonly Uint8Array[], how: number): Uint8Array[] => {
  const at = how % (proof.length + 1)
  const copy = proof.map((hash) => Uint8Array.from(hash))
  if (at === proof.length) return [...copy, new Uint8Array(32)]
  if (how % 2 === 0) copy.splice(at, 1)
  else copy[at]![how % 32]! ^= 1
  return copy
}

t.test('inclusion proofs are those of the definition, and lead to the root and nowhere else', async () => {
  fc.assert(
    fc.property(sizeAndBelow, fc.nat(), ([n, place], how) => {
      const index = place - 1
      const proof = inclusionProof(index, n, subtree)
      const leaf = leafHash(entries[index]!)
      const root = roots[n]!
      const leads = (to: Uint8Array | null) => to !== null && root.equals(to)
      return (
        Buffer.concat(proof).equals(Buffer.concat(naivePath(index, entries.slice(0, n)))) &&
        leads(rootFromInclusion({ index, size: n, leaf }, proof)) &&
        !leads(rootFromInclusion({ index, size: n, leaf }, spoilt(proof, how))) &&
        !leads(rootFromInclusion({ index: index + 1, size: n, leaf }, proof)) &&
        !leads(rootFromInclusion({ index, size: n, leaf: leafHash(leaf) }, proof))
      )
    }),
  )
})

t.test('consistency proofs are those of the definition, and hold for these two trees only', async () => {
  fc.assert(
    fc.property(sizeAndBelow, fc.nat(), ([n, m], how) => {
      const proof = consistencyProof(m, n, subtree)
      const old = { size: m, root: roots[m]! }
      const now = { size: n, root: roots[n]! }
      return (
        Buffer.concat(proof).equals(Buffer.concat(naiveProof(m, entries.slice(0, n)))) &&
        isConsistent(old, now, proof) &&
        !isConsistent(old, now, spoilt(proof, how)) &&
        !isConsistent({ ...old, root: leafHash(old.root) }, now, proof) &&
        !isConsistent(old, { ...now, root: leafHash(now.root) }, proof)
      )
    }),
  )
})

t.test('the empty tree is the beginning of every tree, and nothing is the beginning of a smaller one', async (t) => {
  t.ok(isConsistent({ size: 0, root: roots[0]! }, { size: 5, root: roots[5]! }, []))
  t.notOk(isConsistent({ size: 0, root: roots[1]! }, { size: 5, root: roots[5]! }, []))
  t.notOk(isConsistent({ size: 6, root: roots[6]! }, { size: 5, root: roots[5]! }, []))
  t.equal(rootFromInclusion({ index: 1, size: 1, leaf: leafHash(entries[1]!) }, []), null)
})
