import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { syncFolder, writeFully } from '../../src/audit/file-calls.ts'
import { failingDisk } from './failing-disk.ts'

t.test('all bytes are written, however few a disk takes at a time; none at all is an error', async (t) => {
  const path = join(t.testdir({ f: 'ab' }), 'f')
  const disk = failingDisk()
  const fd = await disk.calls.open(path, 1, 0)
  disk.chunk = 3
  await writeFully(disk.calls, { path, fd }, Buffer.from('cdefghij'), 2)
  t.equal(readFileSync(path, 'utf8'), 'abcdefghij')
  disk.chunk = 0
  await t.rejects(writeFully(disk.calls, { path, fd }, Buffer.from('k'), 0), /takes no more bytes/)
  await disk.calls.close(fd)
})

t.test('a folder that cannot be synced says so and leaves no descriptor', async (t) => {
  const disk = failingDisk()
  await syncFolder(disk.calls, t.testdir({}))
  const calls = { ...disk.calls, fsync: () => Promise.reject(new Error('made by the test')) }
  await t.rejects(syncFolder(calls, t.testdir({})), /made by the test/)
  t.equal(disk.open.size, 0)
})
