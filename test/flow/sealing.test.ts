import fc from 'fast-check'
import t from 'tap'
import type { Finding } from '../../src/domain/finding.ts'
import type { BodyReading } from '../../src/flow/act.ts'
import type { InspectPort, SealRequest } from '../../src/flow/ports.ts'
import { Sealing } from '../../src/flow/sealing.ts'
import { redactBody } from '../../src/inspect/redact.ts'

const client = { address: '10.0.0.1', user: 'ann', groups: [], device: null, network: null, assurance: 'none' } as const

/** Finds `SECRET`, which nobody may edit. */
const findingsIn = (body: Uint8Array): Finding[] => {
  const at = Buffer.from(body).indexOf('SECRET')
  const place = { detector: 'd', severity: 'low', field: '', isEditable: false } as const
  return at === -1 ? [] : [{ ...place, start: at, end: at + 6 }]
}

const inspect: InspectPort = {
  inspect: ({ body }) => ({ findings: findingsIn(body), unread: null, model: null }),
  redact: ({ body, ...edit }) => {
    const key = Buffer.alloc(32)
    return { body: redactBody(body, edit, { prefix: 'WEIR', key }).body, placeholders: [] }
  },
}

const reading = (text: Uint8Array | null): BodyReading => ({
  body: text,
  text,
  codings: [],
  findings: text === null ? [] : findingsIn(text),
  counts: [],
  uneditable: [],
  unread: null,
  model: null,
  histories: [],
})

function setUp(mode: 'request' | 'exchange', { maxBytes = 1000 } = {}) {
  const asked: SealRequest[] = []
  const seal = {
    maxBytes,
    seal: (request: SealRequest) => {
      asked.push(request)
      return Promise.resolve({ part: request.part, digest: 'd' })
    },
  }
  return { asked, sealing: new Sealing({ seal, inspect }, { flow: 'f', client, mode }) }
}

const textOf = (request: SealRequest | undefined): string => Buffer.from(request?.text ?? []).toString()

t.test('the request is sealed with what was found replaced, also where it may not be edited', async (t) => {
  const { asked, sealing } = setUp('request')
  sealing.request(reading(Buffer.from('a SECRET b')), 'text/plain', true)
  t.match(textOf(asked[0]), /^a WEIR\S+ b$/, 'at once, so that the text need not be kept')
  t.same(await sealing.close(), [{ part: 'request', digest: 'd' }])
  t.match(asked, { length: 1, 0: { flow: 'f', part: 'request', contentType: 'text/plain', isCut: false, client } })
})

t.test('messages of a stream are sealed together at its end', async (t) => {
  const { asked, sealing } = setUp('request')
  for (const text of ['one ', 'two']) sealing.request(reading(Buffer.from(text)), null, false)
  t.equal(asked.length, 0)
  await sealing.close()
  t.equal(textOf(asked[0]), 'one two')
})

t.test('a body that was not read is not sealed', async (t) => {
  const { sealing } = setUp('exchange')
  sealing.request(reading(null), null, true)
  t.same(await sealing.close(), [])
})

t.test(
  'an answer is sealed only where the policy says so, in whatever pieces it comes, and is read all the same',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 60 }), fc.array(fc.nat(80)), async (around, cuts) => {
        const text = Buffer.from(`${around}SECRET${around}`)
        for (const mode of ['request', 'exchange'] as const) {
          const { asked, sealing } = setUp(mode)
          const seen: Uint8Array[] = []
          const usage = { model: null, tokensIn: 1, tokensOut: null }
          const reader = sealing.around(
            { push: (chunk) => seen.push(Buffer.from(chunk)), end: () => usage },
            'text/plain',
          )
          const places = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length]
          for (const [index, end] of places.slice(1).entries()) reader.push(text.subarray(places[index], end))
          t.equal(reader.end(), usage)
          t.same(Buffer.concat(seen), text)
          const parts = await sealing.close()
          if (mode === 'request') t.same([parts, asked], [[], []])
          else t.notMatch(textOf(asked[0]), /SECRET/)
        }
      }),
      { numRuns: 30 },
    )
  },
)

t.test('what is longer than the limit is cut, and says so', async (t) => {
  const { asked, sealing } = setUp('exchange', { maxBytes: 4 })
  sealing.request(reading(Buffer.from('123456')), null, true)
  sealing
    .around({ push: () => undefined, end: () => ({ model: null, tokensIn: null, tokensOut: null }) }, null)
    .push(Buffer.from('abcdef'))
  await sealing.close()
  t.match(asked, [{ isCut: true }, { part: 'response', isCut: true }])
  t.same(asked.map(textOf), ['1234', 'abcd'])
})

t.test('an answer that could not be looked through is not sealed, and the event says so', async (t) => {
  const { asked, sealing } = setUp('exchange')
  const broken = { ...inspect, inspect: () => Promise.reject(new Error('out of order')) }
  const seal = {
    maxBytes: 100,
    seal: (request: SealRequest) => {
      asked.push(request)
      return Promise.resolve({ part: request.part, digest: 'd' })
    },
  }
  const other = new Sealing({ seal, inspect: broken }, { flow: 'f', client, mode: 'exchange' })
  other
    .around({ push: () => undefined, end: () => ({ model: null, tokensIn: null, tokensOut: null }) }, null)
    .push(Buffer.from('x'))
  t.same(await other.close(), [{ part: 'response', digest: null }])
  t.same([asked, await sealing.close()], [[], []])
})

t.test(
  'the messages of an answer are sealed one a line, up to the limit, and one that was not read makes it cut',
  async (t) => {
    t.equal(setUp('request').sealing.messages('application/x-ndjson'), null)
    const { asked, sealing } = setUp('exchange', { maxBytes: 16 })
    const take = sealing.messages('application/x-ndjson')
    for (const text of ['one SECRET', 'two', 'three']) take?.(Buffer.from(text))
    t.same(await sealing.close(), [{ part: 'response', digest: 'd' }])
    t.match(asked, [{ part: 'response', contentType: 'application/x-ndjson', isCut: true }])
    t.match(Buffer.from(asked[0]?.text ?? []).toString(), /^one (?!SECRET).+\ntwo\nt$/su)
    const lost = setUp('exchange')
    const also = lost.sealing.messages('application/x-ndjson')
    also?.(Buffer.from('one'))
    also?.(null)
    await lost.sealing.close()
    t.match(lost.asked, [{ isCut: true }])
  },
)
