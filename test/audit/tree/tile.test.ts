import t from 'tap'
import { bundlePath, lastTiles, tilePath } from '../../../src/audit/tree/tile.ts'

t.test('paths are those of the specification', async (t) => {
  t.equal(tilePath({ level: 0, index: 1_234_067, width: 256 }), 'tile/0/x001/x234/067')
  t.equal(tilePath({ level: 2, index: 0, width: 17 }), 'tile/2/000.p/17')
  t.equal(bundlePath(1000, 256), 'tile/entries/x001/000')
  t.equal(bundlePath(999, 1), 'tile/entries/999.p/1')
})

t.test('a tree of 70,000 entries ends in the partial tiles that the specification counts', async (t) => {
  t.same(lastTiles(70_000), [
    { level: 0, index: 273, width: 112 },
    { level: 1, index: 1, width: 17 },
    { level: 2, index: 0, width: 1 },
  ])
  t.same(lastTiles(256), [{ level: 1, index: 0, width: 1 }])
  t.same(lastTiles(0), [])
})
