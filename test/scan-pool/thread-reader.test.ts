import t from 'tap'
import { expandExample } from '../../src/inspect/example-text.ts'
import type { LookMessage } from '../../src/scan-pool/messages.ts'
import { packValues } from '../../src/scan-pool/packed-values.ts'
import { createThreadReader } from '../../src/scan-pool/thread-reader.ts'
import { shippedSources } from '../helpers/detectors.ts'
import { responsesAnswer } from '../helpers/responses-answer.ts'

const SECRET = expandExample('glpat-<alnum:20>', 'secret')
const sources = {
  documents: shippedSources().map(({ file, document }) => ({ file, document })),
  tables: { dictionaries: [], fingerprints: [] },
}
const look = (text: string, known: LookMessage['known'] = null): LookMessage => ({
  kind: 'look',
  body: Buffer.from(text),
  contentType: 'text/plain',
  dialect: 'generic',
  known,
})
const reader = createThreadReader({ prefix: 'WEIR', depth: 3, budgetMs: 60_000 })
const found = (message: LookMessage): unknown[] => {
  const answer = reader(message)
  if (answer.kind !== 'found') throw new Error(answer.kind)
  return answer.inspection.findings.map(({ detector, start }) => [detector, start])
}

t.test('it compiles the rules it is given and reads with them', async (t) => {
  t.strictSame(found(look(SECRET)), [], 'no rules yet')
  t.strictSame(reader({ kind: 'rules', rules: 7, sources }), { kind: 'ready', rules: 7 })
  t.strictSame(found(look(SECRET)), [['gitlab-token', 0]])
})

t.test('values that are known of one client are found for him and nobody else', async (t) => {
  const known = (id: string, value: string): LookMessage['known'] => ({
    id,
    values: packValues([{ value, detector: 'kept', severity: 'high' }]),
  })
  const text = `${'x '.repeat(200)}the-first and the-other`
  for (const round of ['cold', 'warm']) {
    t.strictSame(found(look(text, known('1', 'the-first'))), [['kept', 400]], round)
    t.strictSame(found(look(text, known('2', 'the-other'))), [['kept', 414]], round)
    t.strictSame(found(look(text)), [], round)
  }
})

t.test('known values of very many clients are forgotten oldest first, and right all the same', async (t) => {
  for (let client = 0; client < 200; client += 1) {
    const known = {
      id: `c${client}`,
      values: packValues([{ value: `value-${client}!`, detector: 'kept', severity: 'high' }]),
    }
    t.equal(found(look(`value-${client}!`, known)).length, 1)
  }
})

t.test('rules that do not compile end the thread', async (t) => {
  const broken = { documents: [{ file: 'x.yaml', document: { version: 9 } }], tables: sources.tables }
  t.throws(() => reader({ kind: 'rules', rules: 8, sources: broken }))
})

t.test('it says where the newest message of a request stands', async (t) => {
  const body = Buffer.from('{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}')
  const newest = { message: 0, part: 0 }
  t.strictSame(reader({ kind: 'newest', body, dialect: 'openai-chat' }), { kind: 'newest', newest })
})

t.test('it puts values back in a whole answer, and says how many and under which id it is remembered', async (t) => {
  const placeholder = 'WEIRABCDEFGHIJKL'
  const ask = (content: string) =>
    reader({
      kind: 'restore',
      body: responsesAnswer(content),
      dialect: 'openai-responses',
      placeholders: [placeholder],
      values: ['the "value"'],
    })
  t.same(ask(`${placeholder}, ${placeholder} and WEIRZZZZZZZZZZZZ`), {
    kind: 'restored',
    restored: {
      body: new Uint8Array(responsesAnswer('the "value", the "value" and WEIRZZZZZZZZZZZZ')),
      restored: 2,
      misses: 1,
      history: 'resp_1',
    },
  })
  t.match(ask('nothing'), { restored: { body: null, restored: 0, misses: 0 } })
})
