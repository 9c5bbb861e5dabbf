import t from 'tap'
import {
  EMPTY_ROOT,
  foldHashes,
  foldRow,
  leafHash,
  leafHashInPlace,
  leafHashInto,
  nodeHash,
  rangeHash,
  treeRoot,
} from '../../../src/audit/tree/merkle.ts'
import { entriesUpTo, naiveRoot } from './naive-tree.ts'

const entries = entriesUpTo(300)
const subtree = (height: number, index: number) =>
  naiveRoot(entries.slice(index * 2 ** height, (index + 1) * 2 ** height))

t.test('the hashes are those of the known test vectors', async (t) => {
  t.equal(Buffer.from(EMPTY_ROOT).toString('hex'), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  t.equal(leafHash(Buffer.alloc(0)).toString('hex'), '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')
  // Root over the first two entries of the Certificate Transparency reference tests: an empty one and one byte of zero.
  const two = nodeHash(leafHash(Buffer.alloc(0)), leafHash(Buffer.from([0])))
  t.equal(two.toString('hex'), 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125')
})

t.test('a leaf hashed in place is the same, and the byte before it stays', async (t) => {
  const bytes = Buffer.from('ab\ncdef\n')
  t.same(leafHashInPlace(bytes, 3, 7), leafHash(Buffer.from('cdef')))
  const leaves = Buffer.alloc(40)
  leafHashInto({ bytes, from: 3, to: 7 }, leaves, 5)
  t.same(leaves.subarray(5, 37), leafHash(Buffer.from('cdef')))
  t.equal(bytes.toString(), 'ab\ncdef\n')
})

t.test('roots of every size are those of the definition', async (t) => {
  for (let size = 0; size <= entries.length; size++) {
    const expected = naiveRoot(entries.slice(0, size))
    if (!Buffer.from(treeRoot(size, subtree)).equals(expected)) t.fail(`size ${size}`)
    if (size > 0 && !Buffer.from(foldHashes(entries.slice(0, size).map(leafHash))).equals(expected))
      t.fail(`fold ${size}`)
  }
  t.same(rangeHash(4, 7, subtree), naiveRoot(entries.slice(4, 7)))
  for (const count of [1, 2, 4, 256]) {
    const row = Buffer.concat(entries.slice(0, count).map(leafHash))
    t.same(foldRow(row), naiveRoot(entries.slice(0, count)), `a row of ${count}`)
    t.same(row, Buffer.concat(entries.slice(0, count).map(leafHash)), 'which stays as it is')
  }
})
