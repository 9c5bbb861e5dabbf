import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { TreeReader, TreeWriter, treeStreams } from '../../../src/audit/tree/tree-files.ts'

t.test('tiles come back by width; a full one takes the place of its partial forms', async (t) => {
  const dir = join(t.testdir({}), 'tree', 's')
  const writer = new TreeWriter(dir)
  const tile = (width: number) => ({ level: 0, index: 1001, width, hashes: Buffer.alloc(width * 32, 7) })
  writer.tile(tile(3))
  writer.tile(tile(9))
  const reader = new TreeReader(dir)
  t.same(reader.partialWidths(0, 1001), [3, 9])
  t.equal(reader.tile(tile(5))?.length, 160)
  t.equal(new TreeReader(dir).tile(tile(10)), null)
  writer.tile(tile(256))
  t.notOk(existsSync(join(dir, 'tile/0/x001/001.p')))
  t.equal(new TreeReader(dir).tile(tile(10))?.length, 320)
  writeFileSync(join(dir, 'tile/0/x001/001'), 'short')
  t.equal(new TreeReader(dir).tile(tile(10)), null, 'a damaged tile is none')
})

t.test('checkpoints stand in their day and as the newest; what is no note is named', async (t) => {
  const audit = t.testdir({})
  t.same(treeStreams(audit), [])
  const dir = join(audit, 'tree', 's')
  const writer = new TreeWriter(dir)
  writer.checkpoint('o\n1\nAAAA\n\n— o AAAA\n', '2026-11-22')
  t.same(treeStreams(audit), ['s'])
  t.equal(readFileSync(join(dir, 'checkpoint'), 'utf8'), 'o\n1\nAAAA\n\n— o AAAA\n')
  t.match(new TreeReader(dir).history(), { checkpoints: [], spoilt: [/2026-11-22\.notes$/] })
  t.equal(new TreeReader(dir).verifierKey(), null)
})
