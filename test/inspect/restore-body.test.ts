import fc from 'fast-check'
import t from 'tap'
import { anthropicRestorePoints } from '../../src/dialects/anthropic-restore.ts'
import { RESTORE_EVENT_BYTES } from '../../src/inspect/body-restorer.ts'
import { createBodyRestorer, RESTORE_JSON_BYTES } from '../../src/inspect/restore-body.ts'
import { KEY, oneValue, VALUE } from './one-value.ts'

const rules = oneValue(anthropicRestorePoints)

function restore(contentType: string | null, chunks: readonly Uint8Array[], room: () => boolean = () => true) {
  const warned: string[] = []
  const restorer = createBodyRestorer({ rules, contentType, room, onUnrestored: (why) => warned.push(why) })
  if (restorer === null) return { text: null, warned }
  // Each piece is copied: a restorer may hand out views that live no longer than the call.
  const out = chunks.map((chunk) => {
    const given = Buffer.from(chunk)
    const piece = Buffer.from(restorer.push(given))
    given.fill(0)
    return piece
  })
  return { text: Buffer.concat([...out, Buffer.from(restorer.end())]).toString(), warned }
}

const delta = (text: string): string =>
  `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })}\n\n`
const STOP = 'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
const BODY = JSON.stringify({ type: 'message', content: [{ type: 'text', text: `a ${KEY}` }] })

t.test('events, JSON, and what says neither but is one', async (t) => {
  const stream = Buffer.from(delta(`a ${KEY}`) + STOP)
  for (const type of ['text/event-stream; charset=utf-8', null, 'text/plain', 'application/json']) {
    t.equal(restore(type, [stream]).text, delta(`a ${VALUE}`) + STOP, String(type))
  }
  const whole = JSON.stringify({ type: 'message', content: [{ type: 'text', text: `a ${VALUE}` }] })
  for (const type of ['application/json', 'application/problem+json', null]) {
    t.equal(restore(type, [Buffer.from(' '), Buffer.from(BODY)]).text?.trim(), whole, String(type))
  }
  t.equal(restore('text/html', []).text, null)
  t.equal(restore(null, [Buffer.from('<html>'), Buffer.from(KEY)]).text, `<html>${KEY}`)
})

t.test('events that a server calls JSON are not waited for to their end', async (t) => {
  const restorer = createBodyRestorer({
    rules,
    contentType: 'application/json',
    room: () => true,
    onUnrestored: () => undefined,
  })
  t.equal(Buffer.from(restorer?.push(Buffer.from(delta('hello'))) ?? []).toString(), delta('hello'))
})

t.test('a tail waits for its end in an event of its kind, and comments pass between', async (t) => {
  const { text } = restore('text/event-stream', [
    Buffer.from(delta('x WEI')),
    Buffer.from(': ping\n\n'),
    Buffer.from(STOP),
  ])
  t.equal(text, `${delta('x ')}: ping\n\n${delta('WEI')}${STOP}`)
})

t.test('an event without a placeholder goes out when it is there', async (t) => {
  const restorer = createBodyRestorer({
    rules,
    contentType: 'text/event-stream',
    room: () => true,
    onUnrestored: () => undefined,
  })
  t.equal(Buffer.from(restorer?.push(Buffer.from(delta('hello'))) ?? []).toString(), delta('hello'))
  t.equal(restorer?.push(Buffer.from('data: {"ty')).length, 0)
})

t.test('what is too long, or has no room, passes, and that is told', async (t) => {
  const long = JSON.stringify({
    type: 'message',
    content: [{ type: 'text', text: KEY + 'x'.repeat(RESTORE_JSON_BYTES) }],
  })
  t.same(restore('application/json', [Buffer.from(long)]), { text: long, warned: ['oversize'] })
  t.same(
    restore('application/json', [Buffer.from(BODY)], () => false),
    { text: BODY, warned: ['over-capacity'] },
  )
  const event = `data: ${'x'.repeat(RESTORE_EVENT_BYTES)}\n\n`
  const passed = restore('text/event-stream', [Buffer.from(event + delta(KEY))])
  t.equal(passed.text, event + delta(VALUE))
  t.strictSame(passed.warned, ['oversize'])
})

t.test('a stream that ends inside an event loses nothing', async (t) => {
  t.equal(
    restore('text/event-stream', [Buffer.from(`${delta('x WE')}data: {"`)]).text,
    `${delta('x ')}${delta('WE')}data: {"`,
  )
  t.equal(restore('application/json', []).text, '')
})

t.test('however bytes are cut, the client reads the same events', async () => {
  const words = fc.array(fc.constantFrom(KEY, 'WEI', 'W', ' a ', 'é😀'), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(words, fc.array(fc.nat(2000), { maxLength: 30 }), (texts, cuts) => {
      const bytes = Buffer.from(texts.map(delta).join('') + STOP)
      const places = [...new Set([0, ...cuts.map((at) => at % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
      const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end))
      const { text } = restore('text/event-stream', pieces)
      const read = [...(text ?? '').matchAll(/"text_delta","text":("(?:[^"\\]|\\.)*")/gu)].map(
        (match) => JSON.parse(match[1] ?? '') as string,
      )
      return read.join('') === texts.join('').replaceAll(KEY, () => VALUE) && text?.endsWith(STOP) === true
    }),
    { numRuns: 500 },
  )
})
