import fc from 'fast-check'
import t from 'tap'
import { type FilledTile, GrowingTree } from '../../../src/audit/tree/growing-tree.ts'
import { leafHash, nodeHash, treeRoot } from '../../../src/audit/tree/merkle.ts'
import { lastTiles } from '../../../src/audit/tree/tile.ts'
import { entriesUpTo, naiveRoot } from './naive-tree.ts'

const COUNT = 70_000
const entries = entriesUpTo(COUNT)
const leaves = entries.map(leafHash)
/** Every full subtree, by height. */
const levels: Buffer[][] = [leaves]
for (let below = leaves; below.length > 1; below = levels.at(-1)!) {
  levels.push(
    Array.from({ length: Math.floor(below.length / 2) }, (_, at) => nodeHash(below[2 * at]!, below[2 * at + 1]!)),
  )
}
const subtree = (height: number, index: number) => levels[height]![index]!

t.test('the root is that of the definition at every size up to two tiles', async (t) => {
  const tree = new GrowingTree()
  t.same(tree.root(), naiveRoot([]))
  for (const [at, leaf] of leaves.slice(0, 520).entries()) {
    tree.append(leaf)
    if (!Buffer.from(tree.root()).equals(naiveRoot(entries.slice(0, at + 1)))) t.fail(`size ${at + 1}`)
  }
  t.equal(tree.size, 520)
})

t.test('full tiles come out once each, hold the hashes of their level, and the rest are partial tiles', async (t) => {
  const full: FilledTile[] = []
  const tree = new GrowingTree((tile) => full.push(tile))
  for (const leaf of leaves) tree.append(leaf)
  t.same(
    full.map(({ level, index, width }) => [level, index, width]),
    [
      ...Array.from({ length: 256 }, (_, index) => [0, index, 256]),
      [1, 0, 256],
      ...Array.from({ length: 17 }, (_, index) => [0, 256 + index, 256]),
    ],
  )
  t.same(full[3]?.hashes, Buffer.concat(leaves.slice(768, 1024)))
  t.same(full[256]?.hashes, Buffer.concat(levels[8]!.slice(0, 256)))
  t.same(
    tree.lastTiles().map(({ hashes: _, ...tile }) => tile),
    lastTiles(COUNT),
  )
  t.same(tree.root(), treeRoot(COUNT, subtree))
})

t.test('whole tiles at once make the same tree', async (t) => {
  const [all, single]: FilledTile[][] = [[], []]
  const [fast, slow] = [new GrowingTree((tile) => all!.push(tile)), new GrowingTree((tile) => single!.push(tile))]
  for (let at = 0; at < leaves.length - 256; at += 256) fast.appendTile(Buffer.concat(leaves.slice(at, at + 256)))
  for (const leaf of leaves.slice(0, fast.size)) slow.append(leaf)
  t.same(all, single)
  t.same(fast.lastTiles(), slow.lastTiles())
  t.same(fast.root(), slow.root())
})

t.test('a tree goes on from its partial tiles as if it had never stopped', async () => {
  fc.assert(
    fc.property(fc.nat(COUNT), fc.nat(600), (size, more) => {
      const parts = lastTiles(size).map((tile) => ({
        ...tile,
        hashes: Buffer.concat(levels[tile.level * 8]!.slice(tile.index * 256, tile.index * 256 + tile.width)),
      }))
      const tree = GrowingTree.from(size, parts)
      const end = Math.min(COUNT, size + more)
      for (const leaf of leaves.slice(size, end)) tree.append(leaf)
      return tree.size === end && Buffer.from(tree.root()).equals(Buffer.from(treeRoot(end, subtree)))
    }),
    { numRuns: 60 },
  )
})
