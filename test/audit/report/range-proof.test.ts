import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { besideRange, makeRangeProof } from '../../../src/audit/report/range-proof.ts'
import { loadCheckpointKey, signerOf } from '../../../src/audit/tree/checkpoint-key.ts'
import { TreeFollower } from '../../../src/audit/tree/follower.ts'
import { leafHash, nodeHash, rangeHash, splitOf, treeRoot } from '../../../src/audit/tree/merkle.ts'
import { treeFolder } from '../../../src/audit/tree/tree-files.ts'
import { tunnel } from '../events.ts'
import { filled } from '../filled.ts'

const leaf = (index: number): Uint8Array => leafHash(Buffer.from(String(index)))

/** Hashes of full subtrees, computed the plain way. */
const subtree = (height: number, index: number): Uint8Array =>
  height === 0 ? leaf(index) : nodeHash(subtree(height - 1, 2 * index), subtree(height - 1, 2 * index + 1))

/** What README.txt tells a stranger to do. */
function rootOf(beside: readonly Uint8Array[], { first, end, size }: { first: number; end: number; size: number }) {
  const left = [...beside]
  const walk = (from: number, to: number): Uint8Array => {
    if (to <= first || from >= end) return left.shift() ?? Buffer.alloc(32)
    if (to - from === 1) return leaf(from)
    const middle = from + splitOf(to - from)
    const before = walk(from, middle)
    return nodeHash(before, walk(middle, to))
  }
  const root = walk(0, size)
  return left.length === 0 ? root : null
}

t.test('any run of any tree leads to its root, and only with the hashes beside it', async (t) => {
  const run = fc
    .integer({ min: 1, max: 200 })
    .chain((size) =>
      fc.tuple(fc.constant(size), fc.integer({ min: 0, max: size - 1 }), fc.integer({ min: 1, max: size })),
    )
  fc.assert(
    fc.property(run, ([size, from, length]) => {
      const range = { first: from, end: Math.min(size, from + length), size }
      const beside = besideRange(range, subtree)
      const root = treeRoot(size, subtree)
      const isRight = Buffer.compare(rootOf(beside, range) ?? Buffer.alloc(0), root) === 0
      if (beside.length === 0) return isRight
      const wrong = [Buffer.alloc(32, 1), ...beside.slice(1)]
      return isRight && Buffer.compare(rootOf(wrong, range) ?? Buffer.alloc(0), root) !== 0
    }),
  )
  t.same(rangeHash(0, 1, subtree), leaf(0))
})

t.test('a proof is made of the tree on disk, with the checkpoint from before the range', async (t) => {
  const at = await filled(
    t,
    Array.from({ length: 30 }, () => tunnel()),
  )
  t.equal(makeRangeProof(at.dir, { stream: 'n1-w0', firstSeq: 1, lastSeq: 30 }), null, 'no tree yet')
  const follower = new TreeFollower({
    dir: at.dir,
    treeDir: treeFolder(at.dir, 'n1-w0'),
    stream: 'n1-w0',
    signer: signerOf(loadCheckpointKey(join(at.data, 'keys', 'checkpoint.key')), 'n1-w0'),
    onRebuilt: () => undefined,
  })
  for (const size of [10, 28]) {
    while (follower.step(size)) continue
    follower.checkpoint('2026-11-22')
  }
  const made = makeRangeProof(at.dir, { stream: 'n1-w0', firstSeq: 12, lastSeq: 30 })
  t.match(made?.proof, { first: 11, end: 28, size: 28, earlier: { size: 10 } })
  t.match(made?.note, /\n28\n/u)
  const [record] = [
    ...(await import('node:fs')).readFileSync(join(at.dir, 'events-n1-w0-000000000001.jsonl'), 'utf8').split('\n'),
  ]
  t.equal(made?.leaf(1), leafHash(Buffer.from(record ?? '')).toString('hex'))
  t.equal(makeRangeProof(at.dir, { stream: 'n1-w0', firstSeq: 29, lastSeq: 30 }), null, 'newer than the checkpoint')
})
