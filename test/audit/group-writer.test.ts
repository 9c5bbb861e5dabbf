import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { GroupWriter } from '../../src/audit/group-writer.ts'
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
const all = (dir: string) => readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'utf8')])

for (const syncsOnWrite of [true, false]) {
  const setUp = (t: Test, segmentBytes = 1000) => {
    const dir = t.testdir({})
    const disk = failingDisk()
    const tail = openStreamTail(dir, 's')
    const writer = new GroupWriter({ dir, stream: 's', segmentBytes, tail, calls: disk.calls, syncsOnWrite })
    t.teardown(() => writer.close())
    return { dir, disk, writer }
  }
  const how = syncsOnWrite ? ' (O_DSYNC)' : ' (fdatasync)'

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
    t.same(readdirSync(dir), [FIRST, 'events-s-000000000003.jsonl', FIRST_PERSONAL, 'personal-s-000000000003.jsonl'])
    t.equal(disk.open.size, 2, 'the old files are closed')
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
    t.equal(disk.open.size, 2)
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
    t.equal(disk.open.size, 2)
  })

  t.test(`a probe says whether the disk takes bytes, and leaves none in the trail${how}`, async (t) => {
    const { dir, disk, writer } = setUp(t)
    await writer.commit(group(1, 'a\n'))
    await writer.probe()
    disk.freeBytes = 4096
    await t.rejects(writer.probe(), { code: 'ENOSPC' })
    t.equal(readFileSync(join(dir, FIRST), 'utf8'), 'a\n')
    t.equal(disk.open.size, 2)
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
