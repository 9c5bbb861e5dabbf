import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { isLogSize, LOG_BYTES, logPath, makeCommitLog, openCommitLog } from '../../src/audit/commit-log.ts'
import { type LogEntry, PAGE_BYTES, readEntries } from '../../src/audit/log-entry.ts'
import { failingDisk } from './failing-disk.ts'

const entry = (firstSeq: number, pages = 1): LogEntry => ({
  ...{ segmentSeq: 1, firstSeq, eventsAt: 0, personalAt: 0 },
  ...{ events: Buffer.alloc(pages * PAGE_BYTES - 100, 'e'), personal: Buffer.from('p') },
})

const BYTES = 8 * PAGE_BYTES
const small = async (t: Test, syncsOnWrite = true) => {
  const dir = t.testdir({})
  const disk = failingDisk()
  const path = logPath(dir, 's')
  writeFileSync(path, Buffer.alloc(BYTES))
  const log = await openCommitLog({ dir, stream: 's', calls: disk.calls, syncsOnWrite }, BYTES)
  return { disk, path, log, firsts: () => readEntries(readFileSync(path)).map(({ firstSeq }) => firstSeq) }
}

t.test('a new log is zeros to its end, and only its owner can read it', async (t) => {
  const dir = t.testdir({})
  const disk = failingDisk()
  const log = await makeCommitLog({ dir, stream: 's', calls: disk.calls, syncsOnWrite: true })
  const path = logPath(dir, 's')
  t.ok(readFileSync(path).equals(Buffer.alloc(LOG_BYTES)))
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.ok(isLogSize(LOG_BYTES))
  await log.close()
  t.equal(disk.open.size, 0)
})

t.test('a log that the disk has no room for leaves no file and no descriptor', async (t) => {
  const dir = t.testdir({})
  const disk = failingDisk()
  disk.freeBytes = 3_000_000
  await t.rejects(makeCommitLog({ dir, stream: 's', calls: disk.calls, syncsOnWrite: true }), { code: 'ENOSPC' })
  t.notOk(existsSync(logPath(dir, 's')))
  t.equal(disk.open.size, 0)
})

for (const syncsOnWrite of [true, false]) {
  t.test(`entries that are kept follow each other${syncsOnWrite ? '' : ' (fdatasync)'}`, async (t) => {
    const { log, firsts } = await small(t, syncsOnWrite)
    await log.write(entry(1))
    await log.write(entry(2))
    t.same(firsts(), [2], 'the first was not kept')
    log.keep(entry(2))
    await log.write(entry(3, 3))
    log.keep(entry(3, 3))
    t.same(firsts(), [2, 3])
    t.notOk(log.fits(entry(4)), 'the half is full')
    log.turn()
    await log.write(entry(4))
    log.keep(entry(4))
    t.same(firsts(), [2, 3, 4])
    await log.close()
  })
}

t.test('what was written and not kept can be undone', async (t) => {
  const { log, firsts } = await small(t)
  await log.write(entry(1))
  log.keep(entry(1))
  await log.write(entry(2, 2))
  await log.dropLast()
  t.same(firsts(), [1])
  await log.close()
})

t.test('a wiped log is zeros, and begins again', async (t) => {
  const { log, path, firsts } = await small(t)
  for (const seq of [1, 2, 3]) {
    await log.write(entry(seq, 4))
    log.keep(entry(seq, 4))
    log.turn()
  }
  await log.wipe()
  t.ok(readFileSync(path).equals(Buffer.alloc(BYTES)))
  await log.write(entry(4))
  t.same(firsts(), [4])
  await log.close()
})

t.test('a removed log is gone with its descriptor, also when the folder could not be synced at first', async (t) => {
  const { log, path, disk } = await small(t)
  disk.failingOpens = 1
  await t.rejects(log.remove(), { code: 'EMFILE' })
  await log.remove()
  t.notOk(existsSync(path))
  t.equal(disk.open.size, 0)
})

t.test('only whole halves of pages are the size of a log', async (t) => {
  for (const bytes of [0, PAGE_BYTES, 3 * PAGE_BYTES, 1e6, 2 * LOG_BYTES]) t.notOk(isLogSize(bytes), String(bytes))
})
