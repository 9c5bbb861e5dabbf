import fc from 'fast-check'
import t from 'tap'
import { entrySize, frameEntry, halfOf, type LogEntry, PAGE_BYTES, readEntries } from '../../src/audit/log-entry.ts'

const LOG_BYTES = 16 * PAGE_BYTES

const entry = (firstSeq: number, events: string, personal = ''): LogEntry => ({
  ...{ segmentSeq: 1, firstSeq, eventsAt: firstSeq * 10, personalAt: firstSeq },
  ...{ events: Buffer.from(events), personal: Buffer.from(personal) },
})
const place = (log: Buffer, at: number, one: LogEntry): number => at + frameEntry(log.subarray(at), one).length
const firsts = (log: Buffer): number[] => readEntries(log).map(({ firstSeq }) => firstSeq)

t.test('an entry reads as it was written, whatever its lines are', async (t) => {
  const lines = fc.uint8Array({ maxLength: 9000 }).map((bytes) => Buffer.from(bytes))
  fc.assert(
    fc.property(lines, lines, fc.nat(2 ** 45), fc.nat(2 ** 45), (events, personal, eventsAt, personalAt) => {
      const one = { segmentSeq: 7, firstSeq: 8, events, personal, eventsAt, personalAt }
      const log = Buffer.alloc(LOG_BYTES, 0xff)
      const framed = frameEntry(log, one)
      t.equal(framed.length % PAGE_BYTES, 0)
      t.equal(framed.length, entrySize(one))
      t.strictSame(readEntries(log), [one])
    }),
    { numRuns: 50 },
  )
})

t.test('wherever the log is cut, or a byte of it is another, a prefix of its groups counts', async (t) => {
  const log = Buffer.alloc(LOG_BYTES)
  let at = 0
  const ends = [1, 2, 3, 4].map((seq) => {
    const one = entry(seq, `${'e'.repeat(seq * 1500)}\n`, 'p\n')
    const from = at
    at = place(log, at, one)
    return { from, end: from + 64 + one.events.length + one.personal.length }
  })
  fc.assert(
    fc.property(fc.nat(at), fc.integer({ min: 1, max: 255 }), (cut, flip) => {
      const torn = Buffer.from(log).fill(0, cut)
      t.same(
        firsts(torn),
        ends.flatMap(({ end }, index) => (end <= cut ? [index + 1] : [])),
      )
      const spoilt = Buffer.from(log)
      spoilt[cut] = (spoilt[cut] ?? 0) ^ flip
      const hit = ends.findIndex(({ from, end }) => cut >= from && cut < end)
      t.same(firsts(spoilt), [1, 2, 3, 4].slice(0, hit === -1 ? 4 : hit))
    }),
    { numRuns: 200 },
  )
})

t.test('the halves are read in the order of their groups, without what stands there from a turn before', async (t) => {
  const log = Buffer.alloc(LOG_BYTES)
  const second = halfOf(LOG_BYTES)
  let at = place(log, second, entry(4, 'd'))
  place(log, at, entry(5, 'e'))
  t.same(firsts(log), [4, 5])
  at = place(log, 0, entry(1, 'a'))
  place(log, at, entry(2, 'b'))
  t.same(firsts(log), [1, 2, 4, 5])
  place(log, 0, entry(6, 'f'))
  t.same(firsts(log), [4, 5, 6], 'group 2 is older than the one before it')
})

t.test('lengths that reach out of the log are no entry', async (t) => {
  const log = Buffer.alloc(LOG_BYTES)
  place(log, 0, entry(1, 'a'))
  log.writeUInt32LE(LOG_BYTES, 12)
  t.same(firsts(log), [])
  t.same(firsts(Buffer.alloc(0)), [])
})

t.test('whatever stands in a log, reading it gives entries or none', async (t) => {
  const log = Buffer.alloc(LOG_BYTES)
  const header = fc.array(fc.oneof(fc.double(), fc.integer()), { minLength: 4, maxLength: 4 })
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: LOG_BYTES }), ([a, b, c, d], noise) => {
      const numbers = { segmentSeq: a!, firstSeq: b!, personalAt: c!, eventsAt: d! }
      log.set(noise)
      place(log, 0, { ...entry(1, 'a'), ...numbers })
      const isSound = Object.values(numbers).every((value) => Number.isSafeInteger(value) && value >= 0) && b! > 0
      t.equal(readEntries(log).length, isSound ? 1 : 0)
      readEntries(Buffer.from(noise))
    }),
    { numRuns: 50 },
  )
})
