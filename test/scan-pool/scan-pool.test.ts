import t from 'tap'
import { dialectById } from '../../src/dialects/registry.ts'
import type { Inspection } from '../../src/domain/finding.ts'
import { expandExample } from '../../src/inspect/example-text.ts'
import { createInspector } from '../../src/inspect/inspector.ts'
import type { KeptValue } from '../../src/inspect/vault.ts'
import { createLoopTurns } from '../../src/scan-pool/loop-turns.ts'
import {
  createScanPool,
  HERE_MS,
  LARGE_BODY,
  type MainInspector,
  type ScanPool,
  type ScanPoolOptions,
  WAITING_BODIES,
} from '../../src/scan-pool/scan-pool.ts'
import { shippedDetectors, shippedSources } from '../helpers/detectors.ts'
import type { Scope } from '../helpers/scope.ts'
import { BROKEN, OBEYING, SILENT } from './fake-thread.ts'

const SECRET = expandExample('glpat-<alnum:20>', 'secret')
const NO_RULES = { documents: [], tables: { dictionaries: [], fingerprints: [] } }
const HERE: Inspection = { findings: [], unread: null, model: 'read on the main thread' }

const unedited: MainInspector['redacting'] = function* ({ body }) {
  yield
  return { body, placeholders: [] }
}

interface Given extends Partial<ScanPoolOptions> {
  readonly lost?: unknown[]
}

function poolOf(t: Scope, { lost = [], ...given }: Given = {}): ScanPool {
  const inspector: MainInspector = { inspect: () => HERE, redacting: unedited }
  const note = (fields: unknown, event: string): void => void lost.push(event, fields)
  const identity = {}
  const pool = createScanPool({
    inspector,
    turns: createLoopTurns(),
    threads: 1,
    settings: { prefix: 'WEIR', depth: 3, budgetMs: 60_000 },
    rules: () => ({ identity, sources: () => NO_RULES }),
    valuesOf: () => new Map(),
    log: { debug: note, info: note, warn: note, error: note },
    entry: OBEYING,
    hangMs: 60_000,
    waitMs: 60_000,
    ...given,
  })
  t.teardown(() => pool.close())
  return pool
}
const large = (said: string, editFor?: string) => ({
  body: Buffer.from(said.padEnd(LARGE_BODY + 1)),
  contentType: 'text/plain',
  dialect: 'generic' as const,
  ...(editFor === undefined ? {} : { editFor }),
})
const said = async (pool: ScanPool, text: string, editFor?: string): Promise<Record<string, unknown>> =>
  JSON.parse((await pool.inspect(large(text, editFor))).model ?? '{}') as Record<string, unknown>

t.test('small bodies are read on the main thread, and all of them without threads', async (t) => {
  t.equal(poolOf(t).inspect({ ...large(''), body: Buffer.alloc(LARGE_BODY) }), HERE)
  t.equal(poolOf(t, { threads: 0 }).inspect(large('one')), HERE)
})

t.test('large ones are read in a thread, one after the other, and stay what they are', async (t) => {
  const pool = poolOf(t)
  const request = large('first')
  const [first, second] = await Promise.all([pool.inspect(request), said(pool, 'second')])
  t.match(first.model, '"said":"first"')
  t.match(second, { said: 'second', contentType: 'text/plain', known: null })
  t.equal(request.body.toString().trim(), 'first', 'a copy was handed over')
})

t.test('a thread that dies or hangs costs its body alone', async (t) => {
  const lost: unknown[] = []
  const pool = poolOf(t, { lost, hangMs: 300 })
  const answers = await Promise.all(['die', 'one', 'hang', 'two'].map(async (text) => await pool.inspect(large(text))))
  t.strictSame(
    answers.map(({ unread }) => unread),
    ['detector-fault', null, 'timeout', null],
  )
  t.strictSame(lost, ['inspect.thread-lost', { detail: 'died' }, 'inspect.thread-lost', { detail: 'hung' }])
})

t.test('threads that cannot start are given up, and what waits is told', async (t) => {
  const lost: unknown[] = []
  let identity = {}
  const pool = poolOf(t, { lost, entry: BROKEN, rules: () => ({ identity, sources: () => NO_RULES }) })
  t.equal((await pool.inspect(large('one'))).unread, 'detector-fault')
  t.equal(lost.length, 6, 'three were tried')
  t.equal((await pool.inspect(large('one'))).unread, 'detector-fault')
  identity = {}
  t.equal((await pool.inspect(large('one'))).unread, 'detector-fault', 'new rules: three more are tried')
  t.equal(lost.length, 12)
})

t.test('what finds no room, or waits for too long, is over capacity', async (t) => {
  const pool = poolOf(t, { entry: SILENT, waitMs: 200 })
  const answers = Array.from({ length: WAITING_BODIES + 1 }, () => pool.inspect(large('one')))
  t.equal((await answers.at(-1))?.unread, 'over-capacity', 'no room')
  t.equal((await answers[0])?.unread, 'over-capacity', 'waited')
})

t.test('what waits when the pool is closed counts as unread, and what comes later too', async (t) => {
  const pool = poolOf(t, { entry: SILENT })
  const waiting = pool.inspect(large('one'))
  await pool.close()
  t.equal((await waiting).unread, 'over-capacity')
  t.equal((await pool.inspect(large('two'))).unread, 'over-capacity')
})

t.test('new rules reach the threads before the next body', async (t) => {
  let identity = {}
  const pool = poolOf(t, { rules: () => ({ identity, sources: () => NO_RULES }) })
  t.match(await said(pool, 'one'), { rules: 1 })
  const under = said(pool, 'two')
  identity = {}
  pool.refresh()
  t.match(await said(pool, 'three'), { rules: 2 })
  t.match(await under, { said: 'two' })
})

t.test('values of a client come with his body alone, under an id until they change', async (t) => {
  const kept: KeptValue = { value: 'v', detector: 'd', severity: 'high' }
  const values = new Map<string, ReadonlyMap<string, KeptValue>>([['one', new Map([['p', kept]])]])
  const pool = poolOf(t, { valuesOf: (client) => values.get(client) ?? new Map() })
  t.match(await said(pool, 'a', 'one'), {
    known: { id: '1', values: { text: 'v', ends: [1], kinds: [{ detector: 'd', severity: 'high' }] } },
  })
  t.match(await said(pool, 'b', 'one'), { known: { id: '1', values: null } })
  t.match(await said(pool, 'c', 'other'), { known: { id: '2', values: { text: '' } } })
  values.set('one', new Map([['q', kept]]))
  t.match(await said(pool, 'd', 'one'), { known: { id: '3' } })
})

t.test('sixteen cold mebibytes are read as on the main thread, while the event loop goes on', async (t) => {
  const detectors = shippedDetectors()
  const inspector = createInspector({
    detectors: () => detectors,
    textPartsOf: (dialect, body, contentType) => dialectById(dialect).textParts(body, contentType),
    placeholderPrefix: 'WEIR',
    placeholderKey: Buffer.alloc(32, 1),
    depth: 3,
  })
  const documents = shippedSources().map(({ file, document }) => ({ file, document }))
  const rules = { identity: detectors, sources: () => ({ ...NO_RULES, documents }) }
  const pool = createScanPool({
    inspector,
    turns: createLoopTurns(),
    threads: 1,
    settings: { prefix: 'WEIR', depth: 3, budgetMs: 60_000 },
    rules: () => rules,
    valuesOf: () => new Map(),
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    hangMs: 60_000,
    waitMs: 60_000,
  })
  t.teardown(() => pool.close())
  const turn = `function add(a, b) {\\n  return a + b // the sum, "quoted"\\n}\\n`.repeat(4000)
  const content = Array.from({ length: 64 }, (_, at) => ({
    role: 'user',
    content: `${at} ${turn} ${at === 40 ? SECRET : ''}`,
  }))
  const body = Buffer.from(JSON.stringify({ model: 'm', messages: content }))
  t.ok(body.length > 16_000_000, String(body.length))
  const request = { body, contentType: 'application/json', dialect: 'openai-chat' as const }
  // The thread is ready, so that what is counted is the reading alone.
  await pool.inspect({ ...request, body: body.subarray(0, LARGE_BODY + 1) })
  let turns = 0
  let isRead = false
  const count = (): void => {
    turns += 1
    if (!isRead) setImmediate(count)
  }
  setImmediate(count)
  const found = await pool.inspect(request)
  isRead = true
  t.ok(turns > 10, `${turns} turns of the event loop`)
  t.strictSame(
    Array.from(found.findings, ({ detector, start, end }) => [detector, body.subarray(start, end).toString()]),
    [['gitlab-token', SECRET]],
  )
  t.equal(found.unread, null)
  t.equal(found.model, 'm')
})

t.test('a small body that takes too long on the main thread is read in a thread, unless there is none', async (t) => {
  const asked: (number | undefined)[] = []
  const inspector: ScanPoolOptions['inspector'] = {
    inspect: ({ budgetMs }) => {
      asked.push(budgetMs)
      return budgetMs === undefined ? HERE : { findings: [], unread: 'timeout', model: null }
    },
    redacting: unedited,
  }
  const body = Buffer.from('slow'.padEnd(10_000))
  const slow = { body, contentType: null, dialect: 'generic' } as const
  t.match(await poolOf(t, { inspector }).inspect(slow), { unread: null, model: /"said":"slow"/u })
  t.equal(poolOf(t, { inspector, threads: 0 }).inspect(slow), HERE, 'all the time that it may take')
  t.equal(poolOf(t, { inspector }).inspect({ ...slow, body: Buffer.from('tiny') }), HERE)
  t.strictSame(asked, [HERE_MS, undefined, undefined])
})

t.test('few places are edited at once, many in turns', async (t) => {
  const finding = { detector: 'd', severity: 'high', field: '', start: 0, end: 1, isEditable: true } as const
  const edit = { body: Buffer.from('body'), contentType: null, dialect: 'generic', severities: ['high'] } as const
  const pool = poolOf(t)
  t.match(pool.redact({ ...edit, findings: [finding] }), { body: edit.body })
  const many = pool.redact({ ...edit, findings: Array.from({ length: 1000 }, () => finding) })
  t.ok(many instanceof Promise)
  t.match(await many, { body: edit.body })
})

t.test('the newest message of a large request is found in a thread; where nobody can, that is told', async (t) => {
  const body = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(LARGE_BODY) }] }))
  const newest = { message: 0, part: 0 }
  const worker = new URL('../../src/scan-pool/worker.ts', import.meta.url)
  t.strictSame(await poolOf(t, { entry: worker }).newestOf('openai-chat', body), newest)
  t.strictSame(poolOf(t).newestOf('openai-chat', Buffer.from('{"messages":[{"role":"user"}]}')), newest, 'a small one')
  t.equal(await poolOf(t, { entry: BROKEN }).newestOf('openai-chat', body), 'unread')
})

t.test('bodies of a client with very many known values are read in a thread, but for tiny ones', async (t) => {
  const kept: KeptValue = { value: 'v', detector: 'd', severity: 'high' }
  const values = new Map(Array.from({ length: 3000 }, (_, at) => [String(at), kept]))
  const pool = poolOf(t, { valuesOf: (client) => (client === 'many' ? values : new Map()) })
  const body = Buffer.from('small'.padEnd(10_000))
  const small = { body, contentType: null, dialect: 'generic' } as const
  t.equal(pool.inspect({ ...small, editFor: 'few' }), HERE)
  t.match(await pool.inspect({ ...small, editFor: 'many' }), { model: /"said":"small"/u })
  t.equal(pool.inspect({ ...small, body: Buffer.from('tiny'), editFor: 'many' }), HERE)
})

t.test('a large answer is restored in a thread; where nobody can, that is told', async (t) => {
  const placeholder = 'WEIRABCDEFGHIJKL'
  const kept: KeptValue = { value: 'the value', detector: 'd', severity: 'high' }
  const worker = new URL('../../src/scan-pool/worker.ts', import.meta.url)
  const answer = (content: string): Buffer =>
    Buffer.from(JSON.stringify({ choices: [{ index: 0, message: { content } }] }))
  const request = { client: 'ann', dialect: 'openai-chat', body: answer(`a ${placeholder} b`) } as const
  const valuesOf = (client: string): Map<string, KeptValue> => new Map(client === 'ann' ? [[placeholder, kept]] : [])
  const done = await poolOf(t, { entry: worker, valuesOf }).restoreLarge(request)
  t.match(done, { restored: 1, misses: 0 })
  t.equal(Buffer.from(done?.body ?? []).toString(), answer('a the value b').toString())
  t.equal(await poolOf(t, { entry: BROKEN }).restoreLarge(request), null)
  t.equal(poolOf(t, { threads: 0 }).restoreLarge(request), null)
})
