import t from 'tap'
import type { RestoreStore } from '../../src/flow/ports.ts'
import { canRestore, knowsHistories, Restoration } from '../../src/flow/restoration.ts'
import { createVault } from '../../src/inspect/vault.ts'
import { responsesAnswer } from '../helpers/responses-answer.ts'

const KEY = 'WEIRABCDEFGHIJKL'
const store = () => ({ vault: createVault(), prefix: 'WEIR' })
const request = (more: object = {}) => ({
  client: 'ann',
  dialect: 'openai-responses' as const,
  placeholders: [KEY],
  histories: [],
  isRead: true,
  ...more,
})
const delta = (text: string): Buffer =>
  Buffer.from(JSON.stringify({ type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: text }))
const created = (id: string): Buffer => Buffer.from(JSON.stringify({ type: 'response.created', response: { id } }))

t.test('values of the client are put back, and counted', async (t) => {
  const where = store()
  where.vault.keep('ann', KEY, { value: 'secret', detector: 'd', severity: 'high' })
  const own = new Restoration(where, request())
  t.equal(String(own.event(delta(`a ${KEY}`))?.[0]), String(delta('a secret')))
  t.equal(own.event(delta('nothing')), null)
  t.match(own, { restored: 1, misses: 0, unrestored: null })
  const other = new Restoration(where, request({ client: 'bob' }))
  t.equal(String(other.event(delta(`${KEY} `))?.[0] ?? delta(`${KEY} `)), String(delta(`${KEY} `)))
  t.match(other, { restored: 0, misses: 1 })
})

t.test('a history is known with what the request and those before it hold', async (t) => {
  const where = store()
  where.vault.keep('ann', KEY, { value: 'secret', detector: 'd', severity: 'high' })
  new Restoration(where, request()).event(created('resp_1'))
  t.strictSame(where.vault.historyOf('ann', 'resp_1'), new Set([KEY]))
  new Restoration(where, request({ placeholders: [], histories: ['resp_1'] })).event(created('resp_2'))
  t.equal(
    where.vault.historyOf('ann', 'resp_2'),
    where.vault.historyOf('ann', 'resp_1'),
    'shared, for nothing is added',
  )
  t.ok(knowsHistories(where, 'ann', ['resp_1', 'resp_2']))
  t.ok(knowsHistories(where, 'ann', []))
  t.notOk(knowsHistories(where, 'ann', ['resp_1', 'resp_9']))
  t.notOk(knowsHistories(where, 'bob', ['resp_1']))
})

t.test('a history that goes on from an unknown one, or from an unread request, is not known', async (t) => {
  const where = store()
  new Restoration(where, request({ placeholders: [], histories: ['resp_0'] })).event(created('resp_1'))
  new Restoration(where, request({ placeholders: [], isRead: false })).event(created('resp_2'))
  new Restoration(where, request()).event(created('resp_3'))
  for (const id of ['resp_1', 'resp_2', 'resp_3']) t.equal(where.vault.historyOf('ann', id), null, id)
})

t.test('a body that is no text of a model has no restorer; what could not be read is remembered', async (t) => {
  const restoration = new Restoration(store(), request())
  t.equal(restoration.body({ contentType: 'image/png', room: () => true }), null)
  restoration.body({ contentType: 'application/json', room: () => false })?.push(Buffer.from('{'))
  t.equal(restoration.unrestored, 'over-capacity')
})

t.test('which dialects can be restored', async (t) => {
  for (const dialect of [
    'anthropic-messages',
    'openai-chat',
    'openai-responses',
    'gemini',
    'gemini-code-assist',
    'bedrock',
    'mcp',
    'connect',
  ] as const) {
    t.ok(canRestore(dialect), dialect)
  }
  for (const dialect of ['generic', 'grpc'] as const) t.notOk(canRestore(dialect), dialect)
})

t.test('where nothing can be put back, the client is told what he gets anyway, by the count', async (t) => {
  const where = { vault: createVault(), prefix: 'WEIR' }
  const restoration = new Restoration(where, { ...request(), dialect: 'generic' })
  t.equal(restoration.body({ contentType: 'application/json', room: () => true }), null)
  t.equal(restoration.watch(), null, 'nothing of him was ever redacted')
  where.vault.keep('ann', KEY, { value: 'first secret', detector: 'd', severity: 'high' })
  const watch = restoration.watch()
  t.equal(Buffer.from(watch?.push(Buffer.from(`{"a":"${KEY}"}`)) ?? []).toString(), `{"a":"${KEY}"}`)
  t.equal(restoration.misses, 1)
  t.equal(restoration.unrestored, 'dialect')
})

t.test('a value that had to go is a miss from then on, and its histories are not known', async (t) => {
  const where = { vault: createVault({ maxBytes: 4000, clientBytes: 1000 }), prefix: 'WEIR' }
  where.vault.keep('ann', KEY, { value: 'first secret', detector: 'd', severity: 'high' })
  new Restoration(where, request()).event(created('resp_1'))
  t.ok(knowsHistories(where, 'ann', ['resp_1']))
  for (const name of ['WEIRAAAAAAAAAAAA', 'WEIRBBBBBBBBBBBB', 'WEIRCCCCCCCCCCCC']) {
    where.vault.keep('ann', name, { value: 'another secret', detector: 'd', severity: 'high' })
  }
  const later = new Restoration(where, request({ histories: ['resp_1'] }))
  t.equal(later.event(delta(`key ${KEY}, and on`)), null, 'it stays')
  t.match(later, { restored: 0, misses: 1 })
  t.notOk(knowsHistories(where, 'ann', ['resp_1']))
})

t.test('a large whole answer is restored elsewhere, and here where nobody can', async (t) => {
  const text = 'x'.repeat(1_100_000)
  const restoredBy = async (restoreLarge?: RestoreStore['restoreLarge']): Promise<[Restoration, string]> => {
    const where = { ...store(), ...(restoreLarge === undefined ? {} : { restoreLarge }) }
    where.vault.keep('ann', KEY, { value: 'secret', detector: 'd', severity: 'high' })
    const own = new Restoration(where, request())
    const restorer = own.body({ contentType: 'application/json', room: () => true })
    restorer?.push(responsesAnswer(`${text} ${KEY}`))
    const bytes = await (restorer?.endElsewhere?.() ?? restorer?.end())
    t.not(where.vault.historyOf('ann', 'resp_1'), null, 'its history is remembered')
    return [own, Buffer.from(bytes ?? []).toString()]
  }
  const elsewhere = { body: Buffer.from('elsewhere'), restored: 7, misses: 2, history: 'resp_1' }
  const [own, bytes] = await restoredBy(() => Promise.resolve(elsewhere))
  t.equal(bytes, 'elsewhere')
  t.match(own, { restored: 7, misses: 2 })
  for (const nobody of [undefined, () => null, () => Promise.resolve(null)]) {
    const [here, whole] = await restoredBy(nobody)
    t.equal(whole, responsesAnswer(`${text} secret`).toString())
    t.match(here, { restored: 1, misses: 0 })
  }
})
