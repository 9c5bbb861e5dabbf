import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { addHold, holdsFile } from '../../src/audit/holds.ts'
import { type EventStoreOptions, openEventStore } from '../../src/audit/store.ts'
import { intent, tunnel } from './events.ts'
import { filled } from './filled.ts'

const open = (t: Test, options: EventStoreOptions) => {
  const store = openEventStore(options)
  t.teardown(() => store.close())
  return store
}
const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5))
}

t.test('an acknowledged event is found by the next question', async (t) => {
  const at = await filled(t)
  const store = open(t, at)
  for (let i = 0; i < 5; i++) {
    const event = intent()
    await at.write(event)
    t.match(await store.find(event.flow), {
      exchange: { flow: event.flow, client: { user: 'alice' }, complete: false },
    })
  }
  t.equal((await store.query({ limit: 3, order: 'desc' })).items.length, 3)
  t.same([...(await store.lastSeen()).keys()], ['openai-codex'])
  t.match(store.health(), { ok: true, detail: null })
})

t.test('notified of new lines, it reads them by itself', async (t) => {
  const at = await filled(t)
  const store = open(t, { dir: at.dir, file: at.file })
  await store.sync()
  await at.write(tunnel())
  store.notify()
  store.notify()
  await store.close()
  const again = open(t, { dir: at.dir, file: at.file })
  t.equal((await again.query({ limit: 9, order: 'asc' })).items.length, 1)
})

t.test('a wrong query is refused as such and leaves the store healthy', async (t) => {
  const store = open(t, await filled(t, [tunnel()]))
  await t.rejects(store.query({ limit: 1, order: 'asc', since: 'soon' }), { code: 'bad-query' })
  await store.sync()
  t.ok(store.health().ok)
})

t.test('old segments are removed from the start on', async (t) => {
  const removed: unknown[] = []
  const silent = () => undefined
  const log = { debug: silent, info: silent, error: silent, warn: (_: unknown, event: string) => removed.push(event) }
  const at = await filled(t, [tunnel({ time: '2001-01-01T00:00:00.000Z' }), tunnel()], 1)
  const first = open(t, at)
  await first.sync()
  await first.close()
  const store = open(t, { ...at, retentionDays: 30, log })
  await until(() => removed.includes('audit.retention'))
  t.equal((await store.query({ limit: 9, order: 'asc' })).items.length, 1)
})

t.test('persons go before records, once it is told; without a readable note of what went nothing does', async (t) => {
  const silent = () => undefined
  const done: string[] = []
  const failed: unknown[] = []
  const log = {
    debug: silent,
    info: silent,
    error: ({ detail }: { detail?: unknown }) => failed.push(detail),
    warn: (_: unknown, event: string) => done.push(event),
  }
  const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
  const at = await filled(t, [tunnel({ time: ago(60) }), tunnel({ time: ago(20) }), tunnel()], 1)
  writeFileSync(join(at.data, 'retention.json'), '{}')
  const told: unknown[] = []
  const onExpire = async (removals: readonly unknown[]) => {
    told.push(...removals)
  }
  const blind = open(t, { ...at, retentionDays: 30, personDays: 10, log, onExpire })
  await until(() => failed.some((detail) => String(detail).includes('retention.json')))
  await blind.close()
  t.same(told, [])
  rmSync(join(at.data, 'retention.json'))
  const store = open(t, { ...at, retentionDays: 30, personDays: 10, log, onExpire })
  await until(() => done.includes('audit.retention'))
  t.match(told, [
    { operation: 'retention.remove', after: { firstSeq: 1, lastSeq: 1, gone: [[1, 1]] } },
    { operation: 'retention.forget', after: { firstSeq: 2, lastSeq: 2, gone: [[2, 2]] } },
  ])
  const { items } = await store.query({ limit: 9, order: 'asc' })
  t.match(items, [{ client: null }, { client: { user: /./ } }])
  t.same(
    readdirSync(at.dir).filter((name) => name.startsWith('personal')),
    ['personal-n1-w0-000000000003.jsonl'],
  )
})

t.test(
  'what is to go is told first; what a legal hold reaches meanwhile stays, and so does what cannot be recorded',
  async (t) => {
    const silent = () => undefined
    const log = { debug: silent, info: silent, error: silent, warn: silent }
    const at = await filled(t, [tunnel({ time: '2001-01-01T00:00:00.000Z' }), tunnel()], 1)
    const first = open(t, at)
    await first.sync()
    await first.close()
    const told: unknown[] = []
    const { promise: isTold, resolve: tell } = Promise.withResolvers<null>()
    const onExpire = (removals: readonly unknown[]): Promise<void> => {
      told.push(...removals)
      const hold = {
        reason: 'case 7',
        by: 'cli:root',
        at: '2026-11-22T00:00:00Z',
        since: null,
        until: null,
        subject: null,
      }
      addHold(at.data, hold)
      tell(null)
      return Promise.resolve()
    }
    const held = open(t, { ...at, retentionDays: 30, log, onExpire })
    await isTold
    t.match(told, [
      {
        operation: 'retention.remove',
        target: 'n1-w0',
        after: { firstSeq: 1, lastSeq: 1, lastHash: /^[0-9a-f]{64}$/, files: 1 },
      },
    ])
    await held.sync()
    t.equal((await held.query({ limit: 9, order: 'asc' })).items.length, 2)
    await held.close()
    rmSync(holdsFile(at.data))
    const { promise: isTried, resolve: tried } = Promise.withResolvers<null>()
    const unrecorded = open(t, {
      ...at,
      retentionDays: 30,
      log,
      onExpire: () => {
        tried(null)
        return Promise.reject(new Error('disk full'))
      },
    })
    await isTried
    await unrecorded.sync()
    t.equal((await unrecorded.query({ limit: 9, order: 'asc' })).items.length, 2)
  },
)

t.test('a store that cannot be opened says so and fails questions instead of the process', async (t) => {
  const at = await filled(t, [tunnel()])
  mkdirSync(join(at.data, 'folder'))
  const store = open(t, { dir: at.dir, file: join(at.data, 'folder') })
  await until(() => store.health().detail?.includes('unable to open') === true)
  await t.rejects(store.query({ limit: 1, order: 'asc' }), /audit: the store/)
  t.notOk(store.health().ok)
})

t.test('a closed store refuses questions and ignores notices', async (t) => {
  const at = await filled(t)
  writeFileSync(join(at.data, 'unrelated'), '')
  const store = open(t, at)
  await store.close()
  await store.close()
  store.notify()
  await t.rejects(store.find('x'), /closed/)
})
