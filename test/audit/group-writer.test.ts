import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { logPath } from '../../src/audit/commit-log.ts'
import { GroupWriter } from '../../src/audit/group-writer.ts'
import { PAGE_BYTES, readEntries } from '../../src/audit/log-entry.ts'
import { openStreamTail } from '../../src/audit/tail-repair.ts'
import { failingDisk } from './failing-disk.ts'

const FIRST = 'events-s-000000000001.jsonl'
const FIRST_PERSONAL = 'personal-s-000000000001.jsonl'
const group = (firstSeq: number, events: string, personal = 'p\n', day = '2026-11-22') => ({
  firstSeq,
  day,
  events: Buffer.from(events),
  personal: Buffer.from(personal),
})
const namesIn = (dir: string) => readdirSync(dir).filter((name) => name.endsWith('.jsonl'))
const all = (dir: string) => namesIn(dir).map((name) => [name, readFileSync(join(dir, name), 'utf8')])
const LOG_BYTES = 8 * PAGE_BYTES
const layLog = (dir: string) => {
  writeFileSync(logPath(dir, 's'), Buffer.alloc(LOG_BYTES), { mode: 0o600 })
}
const logged = (dir: string) => readEntries(readFileSync(logPath(dir, 's'))).map(({ firstSeq }) => firstSeq)

for (const [hasLog, syncsOnWrite] of [
  [false, true],
  [true, true],
  [true, false],
] as const) {
  const setUp = (t: Test, segmentBytes = 1000) => {
    const dir = t.testdir({})
    const disk = failingDisk()
    if (hasLog) layLog(dir)
    const tail = openStreamTail(dir, 's')
    const writer = new GroupWriter({ dir, stream: 's', segmentBytes, tail, calls: disk.calls, syncsOnWrite })
    t.teardown(() => writer.close())
    return { dir, disk, writer }
  }
  const how = `${hasLog ? ', with a log' : ''}${syncsOnWrite ? '' : ' without O_DSYNC'}`
  const files = hasLog ? 3 : 2

  t.test(`groups follow each other in both files, which only the owner can read${how}`, async (t) => {
    const { dir, writer } = setUp(t)
    await writer.commit(group(1, 'a\nb\n', 'pa\npb\n'))
    await writer.commit(group(3, 'c\n', ''))
    t.same(all(dir), [
      [FIRST, 'a\nb\nc\n'],
      [FIRST_PERSONAL, 'pa\npb\n'],
    ])
    for (const name of readdirSync(dir)) t.equal(statSync(join(dir, name)).mode & 0o777, 0o600)
  })

  t.test(`a full segment is followed by one named for its first line${how}`, async (t) => {
    const { dir, disk, writer } = setUp(t, 4)
    await writer.commit(group(1, 'a\n'))
    await writer.commit(group(2, 'b\n'))
    await writer.commit(group(3, 'c\n'))
    t.same(namesIn(dir), [FIRST, 'events-s-000000000003.jsonl', FIRST_PERSONAL, 'personal-s-000000000003.jsonl'])
    t.equal(disk.open.size, files, 'the old files are closed')
  })

  t.test(`a disk that takes a few bytes at a time still gets everything${how}`, async (t) => {
    const { dir, disk, writer } = setUp(t)
    disk.chunk = 3
    await writer.commit(group(1, 'a long line\n', 'a person\n'))
    t.same(all(dir), [
      [FIRST, 'a long line\n'],
      [FIRST_PERSONAL, 'a person\n'],
    ])
  })

  t.test(`a group that did not fit leaves nothing behind once the next one does${how}`, async (t) => {
    const { dir, disk, writer } = setUp(t)
    await writer.commit(group(1, 'a\n'))
    disk.freeBytes = 6
    await t.rejects(writer.commit(group(2, 'much too long\n', 'far too long\n')), { code: 'ENOSPC' })
    disk.freeBytes = 1000
    await writer.commit(group(2, 'b\n', 'q\n'))
    t.same(all(dir), [
      [FIRST, 'a\nb\n'],
      [FIRST_PERSONAL, 'p\nq\n'],
    ])
    t.equal(disk.open.size, files)
  })

  t.test(`no descriptor is lost when files cannot be opened${how}`, async (t) => {
    const { disk, writer } = setUp(t, 1)
    await writer.commit(group(1, 'a\n'))
    for (const failingOpens of [1, 2, 1, 3]) {
      disk.failingOpens = failingOpens
      await t.rejects(writer.commit(group(2, 'b\n')), { code: 'EMFILE' })
    }
    disk.failingOpens = 0
    await writer.commit(group(2, 'b\n'))
    t.equal(disk.open.size, files)
  })

  t.test(`a probe says whether the disk takes bytes, and leaves none in the trail${how}`, async (t) => {
    const { dir, disk, writer } = setUp(t)
    await writer.commit(group(1, 'a\n'))
    await writer.probe()
    disk.freeBytes = 4096
    await t.rejects(writer.probe(), { code: 'ENOSPC' })
    t.equal(readFileSync(join(dir, FIRST), 'utf8'), 'a\n')
    t.equal(disk.open.size, files)
  })
}

t.test('after a failed sync the group is written again as a whole', async (t) => {
  const dir = t.testdir({})
  const disk = failingDisk()
  const options = { dir, stream: 's', segmentBytes: 1000, calls: disk.calls, syncsOnWrite: false }
  const writer = new GroupWriter({ ...options, tail: openStreamTail(dir, 's') })
  t.teardown(() => writer.close())
  await writer.commit(group(1, 'a\n'))
  disk.failingSyncs = 1
  await t.rejects(writer.commit(group(2, 'b\n', 'q\n')), { code: 'EIO' })
  await writer.commit(group(2, 'b\n', 'q\n'))
  t.same(all(dir), [
    [FIRST, 'a\nb\n'],
    [FIRST_PERSONAL, 'p\nq\n'],
  ])
})

const withLog = (t: Test, segmentBytes = 1_000_000) => {
  const dir = t.testdir({})
  const disk = failingDisk()
  layLog(dir)
  const options = { dir, stream: 's', segmentBytes, calls: disk.calls }
  const writer = new GroupWriter({ ...options, tail: openStreamTail(dir, 's') })
  t.teardown(() => writer.close())
  return { dir, disk, writer, text: () => readFileSync(join(dir, FIRST), 'utf8') }
}

t.test('a group is an entry of the log before it counts; a stop in order leaves the log empty', async (t) => {
  const { dir, disk, writer } = withLog(t)
  await writer.commit(group(1, 'a\nb\n'))
  await writer.commit(group(3, 'c\n'))
  t.same(logged(dir), [1, 3])
  await writer.close()
  t.ok(readFileSync(logPath(dir, 's')).equals(Buffer.alloc(LOG_BYTES)))
  t.equal(disk.open.size, 0)
})

t.test('the log of a segment that ended is empty: what retention removes is nowhere else', async (t) => {
  const { dir, writer } = withLog(t, 4)
  await writer.commit(group(1, 'a secret\n'))
  await writer.commit(group(2, 'b\n'))
  t.same(logged(dir), [2])
  t.notMatch(readFileSync(logPath(dir, 's'), 'latin1'), 'secret')
})

t.test('a group that the log took and a file did not is written over by the next try', async (t) => {
  const { dir, disk, writer } = withLog(t)
  await writer.commit(group(1, 'a\n'))
  for (const failingEnd of [FIRST, FIRST_PERSONAL]) {
    disk.failingEnd = failingEnd
    await t.rejects(writer.commit(group(2, 'rejected\n', 'hers\n')), { code: 'EIO' })
  }
  disk.failingEnd = null
  await writer.commit(group(2, 'b\n', 'q\n'))
  t.same(logged(dir), [1, 2])
  t.same(all(dir), [
    [FIRST, 'a\nb\n'],
    [FIRST_PERSONAL, 'p\nq\n'],
  ])
  t.notMatch(readFileSync(logPath(dir, 's'), 'latin1'), 'rejected')
})

t.test('a log that cannot be written is removed, and the groups go to the files alone', async (t) => {
  const { dir, disk, writer } = withLog(t)
  await writer.commit(group(1, 'a\n'))
  disk.failingEnd = '.wal'
  await t.rejects(writer.commit(group(2, 'b\n')), { code: 'EIO' })
  await writer.commit(group(2, 'b\n'))
  t.notOk(existsSync(logPath(dir, 's')))
  t.equal(readFileSync(join(dir, FIRST), 'utf8'), 'a\nb\n')
  t.equal(disk.open.size, 2)
})

t.test(
  'when a sync in the background fails, what only the log has is written again before anything counts',
  async (t) => {
    const { disk, writer, text } = withLog(t)
    let wanted = ''
    const commit = async (seq: number) => {
      await writer.commit(group(seq, `${seq}\n`))
      wanted += `${seq}\n`
    }
    // Four entries fill a half; a turn begins the sync of the one before.
    for (let seq = 1; seq <= 4; seq++) await commit(seq)
    disk.failingSyncs = 2
    await commit(5)
    while (disk.failingSyncs > 0) await new Promise(setImmediate)
    // As the kernel does with pages that it could not write.
    writeFileSync(join(t.testdirName, FIRST), '\0'.repeat(wanted.length))
    disk.failingSyncs = 1
    await t.rejects(writer.commit(group(6, '6\n')), { code: 'EIO' })
    for (let seq = 6; seq <= 20; seq++) await commit(seq)
    t.equal(text(), wanted)
  },
)

t.test('a group too large for the log goes to the files alone, and the log goes on behind it', async (t) => {
  const { dir, writer, text } = withLog(t)
  const large = `${'x'.repeat(LOG_BYTES)}\n`
  await writer.commit(group(1, 'a\n'))
  await writer.commit(group(2, large))
  await writer.commit(group(3, 'c\n'))
  t.same(logged(dir), [1, 3])
  t.equal(text(), `a\n${large}c\n`)
})

t.test('a writer of many groups makes itself a log; one that cannot goes on without', async (t) => {
  for (const isFailing of [false, true]) {
    const dir = t.testdir({})
    const disk = failingDisk()
    if (isFailing) disk.failingEnd = '.wal'
    const options = { dir, stream: 's', segmentBytes: 1000, calls: disk.calls }
    const writer = new GroupWriter({ ...options, tail: openStreamTail(dir, 's') })
    for (let seq = 1; seq <= 15; seq++) await writer.commit(group(seq, `${seq}\n`))
    t.notOk(existsSync(logPath(dir, 's')), 'a command makes none')
    for (let seq = 16; seq <= 40; seq++) await writer.commit(group(seq, `${seq}\n`))
    await writer.close()
    t.equal(existsSync(logPath(dir, 's')), !isFailing)
    t.equal(readFileSync(join(dir, FIRST), 'utf8').split('\n').length, 41)
    t.equal(disk.open.size, 0)
  }
})

t.test('a disk that accepts nothing without an error is an error', async (t) => {
  const dir = t.testdir({})
  const disk = failingDisk()
  disk.chunk = 0
  const writer = new GroupWriter({
    dir,
    stream: 's',
    segmentBytes: 9,
    calls: disk.calls,
    tail: openStreamTail(dir, 's'),
  })
  t.teardown(() => writer.close())
  await t.rejects(writer.commit(group(1, 'a\n')), /takes no more bytes/)
})

t.test('a group of a later day begins a segment; one of an earlier day, or of none, does not', async (t) => {
  const dir = t.testdir({})
  let rotations = 0
  const options = { dir, stream: 's', segmentBytes: 1000, calls: failingDisk().calls, onRotate: () => rotations++ }
  const writer = new GroupWriter({ ...options, tail: openStreamTail(dir, 's') })
  t.teardown(() => writer.close())
  const days = ['2026-11-22', '2026-11-22', '2026-11-23', '2026-11-21', '2026-11-23', '', '2026-11-24']
  for (const [index, day] of days.entries()) await writer.commit(group(index + 1, `${index + 1}\n`, '', day))
  t.same(
    all(dir).filter(([name]) => name?.startsWith('events')),
    [
      [FIRST, '1\n2\n'],
      ['events-s-000000000003.jsonl', '3\n4\n5\n6\n'],
      ['events-s-000000000007.jsonl', '7\n'],
    ],
  )
  t.equal(rotations, 2)
})
