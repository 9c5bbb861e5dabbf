import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { logPath } from '../../src/audit/commit-log.ts'
import { lineHash } from '../../src/audit/event-line.ts'
import { frameEntry, PAGE_BYTES } from '../../src/audit/log-entry.ts'
import { GENESIS, openStreamTail } from '../../src/audit/tail-repair.ts'

const line = (seq: number, text = '') => JSON.stringify({ id: `e${seq}`, seq, text })
const EVENTS = 'events-n1-w0-000000000001.jsonl'
const PERSONAL = 'personal-n1-w0-000000000001.jsonl'

t.test('an absent folder is made, for its owner only', async (t) => {
  const dir = join(t.testdir({}), 'data', 'audit')
  t.match(openStreamTail(dir, 'n1-w0'), { segment: null, nextSeq: 1, prevHash: GENESIS, torn: [] })
  t.equal(statSync(dir).mode & 0o777, 0o700)
})

t.test('whole files are left as they are', async (t) => {
  const text = `${line(1)}\n${line(2)}\n`
  const dir = t.testdir({ [EVENTS]: text, [PERSONAL]: '{"id":"e1"}\n' })
  const tail = openStreamTail(dir, 'n1-w0')
  t.match(tail, { nextSeq: 3, prevHash: lineHash(line(2)), eventBytes: text.length, personalBytes: 12, torn: [] })
  t.equal(readFileSync(join(dir, EVENTS), 'utf8'), text)
})

t.test('wherever the last write was cut, the whole lines stay and the rest is kept aside', async (t) => {
  const whole = `${line(1)}\n${line(2, 'é'.repeat(40))}\n`
  const last = Buffer.from(`${line(3, '世界')}\n`)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: last.length - 1 }), (cut) => {
      const rest = last.subarray(0, cut)
      const dir = t.testdir({ [EVENTS]: Buffer.concat([Buffer.from(whole), rest]), [PERSONAL]: '{"id":"e1"}\n{"id"' })
      const tail = openStreamTail(dir, 'n1-w0')
      return (
        tail.nextSeq === 3 &&
        tail.torn.length === 2 &&
        readFileSync(join(dir, EVENTS), 'utf8') === whole &&
        readFileSync(join(dir, `${EVENTS}.torn`)).equals(rest) &&
        readFileSync(join(dir, PERSONAL), 'utf8') === '{"id":"e1"}\n'
      )
    }),
    { numRuns: 20 },
  )
})

t.test('what the files lost comes back from the commit log before anything is cut off', async (t) => {
  const first = `${line(1)}\n`
  const lost = `${JSON.stringify({ id: 'e2', prevHash: lineHash(line(1)), seq: 2 })}\n`
  const dir = t.testdir({ [EVENTS]: `${first}${lost.slice(0, 9)}`, [PERSONAL]: '{"id":"e1"}\n' })
  const entry = { segmentSeq: 1, firstSeq: 2, events: Buffer.from(lost), eventsAt: first.length }
  const log = Buffer.alloc(2 * PAGE_BYTES)
  frameEntry(log, { ...entry, personal: Buffer.from('{"id":"e2"}\n'), personalAt: 12 })
  writeFileSync(logPath(dir, 'n1-w0'), log)
  const tail = openStreamTail(dir, 'n1-w0')
  t.match(tail, {
    nextSeq: 3,
    eventBytes: first.length + lost.length,
    personalBytes: 24,
    torn: [],
    logBytes: log.length,
  })
  t.same(tail.restored, [
    { file: join(dir, PERSONAL), bytes: 12 },
    { file: join(dir, EVENTS), bytes: lost.length },
  ])
  t.equal(readFileSync(join(dir, EVENTS), 'utf8'), `${first}${lost}`)
})

t.test('a tail of zeros or garbage lines, as a power cut may leave, is cut off too', async (t) => {
  for (const rest of ['\0'.repeat(200_000), '\0\0\n', '"text"\n', 'null\n', `${'x'.repeat(70_000)}\n\n`]) {
    const dir = t.testdir({ [EVENTS]: `${line(1)}\n${rest}`, [PERSONAL]: '' })
    const tail = openStreamTail(dir, 'n1-w0')
    t.match(tail, { nextSeq: 2, prevHash: lineHash(line(1)), torn: [{ bytes: rest.length }] })
    t.equal(readFileSync(join(dir, EVENTS), 'utf8'), `${line(1)}\n`)
  }
})

t.test('an empty newest segment goes on where the one before ends', async (t) => {
  const dir = t.testdir({ [EVENTS]: `${line(1)}\n`, 'events-n1-w0-000000000002.jsonl': '' })
  t.match(openStreamTail(dir, 'n1-w0'), { segment: { firstSeq: 2 }, nextSeq: 2, prevHash: lineHash(line(1)) })
})

t.test('a stream whose only line was torn begins again', async (t) => {
  const dir = t.testdir({ [EVENTS]: '{"v":1', [PERSONAL]: '' })
  t.match(openStreamTail(dir, 'n1-w0'), { nextSeq: 1, prevHash: GENESIS, eventBytes: 0, torn: [{ bytes: 6 }] })
})

t.test('other streams are not touched', async (t) => {
  const dir = t.testdir({ 'events-n1-w1-000000000001.jsonl': 'torn' })
  t.match(openStreamTail(dir, 'n1-w0'), { segment: null, torn: [] })
  t.equal(readFileSync(join(dir, 'events-n1-w1-000000000001.jsonl'), 'utf8'), 'torn')
})
