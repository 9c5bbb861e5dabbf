import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { openPersonDesk } from '../../src/audit/person-desk.ts'
import { openAuditReader } from '../../src/audit/reader.ts'
import { listSegments } from '../../src/audit/segments.ts'
import { StoreEngine } from '../../src/audit/store-engine.ts'
import { alice, config, followingOutcome, intent, singleOutcome, tunnel } from './events.ts'
import { type Filled, filled } from './filled.ts'

const ALL = { limit: 1000, order: 'asc' } as const
const open = (t: Test, { dir, file }: Filled, onRebuild?: (why: string) => void) => {
  const engine = new StoreEngine({ dir, file, ...(onRebuild === undefined ? {} : { onRebuild }) })
  t.teardown(() => {
    engine.close()
  })
  engine.catchUp(60_000)
  return engine
}
const flowsOf = (engine: StoreEngine, query = {}) => engine.query({ ...ALL, ...query }).items.map(({ flow }) => flow)

t.test('intent and outcome are one exchange; an intent alone is incomplete', async (t) => {
  const [first, second] = [intent(), intent()]
  const at = await filled(t, [first, second, followingOutcome({ flow: first.flow, status: 201 })])
  const engine = open(t, at)
  t.match(engine.query(ALL).items, [
    { flow: first.flow, status: 201, complete: true, tool: 'openai-codex', client: { user: 'alice' } },
    { flow: second.flow, complete: false },
  ])
  t.match(engine.find(first.flow.toLowerCase()), {
    exchange: { id: first.id },
    records: [{ id: first.id, seq: 1 }, { phase: 'outcome' }],
  })
  t.equal(engine.find(second.id)?.exchange['flow'], second.flow)
  t.equal(engine.find('01ABSENT'), null)
})

t.test('what is written later is read on, line by line, once', async (t) => {
  const at = await filled(t, [tunnel()], 2500)
  const engine = open(t, at)
  for (let round = 0; round < 5; round++) {
    const event = intent()
    await at.write(event)
    engine.catchUp(60_000)
    await at.write(followingOutcome({ flow: event.flow }))
    engine.catchUp(60_000)
    t.equal(flowsOf(engine).length, round + 2)
    t.equal(engine.find(event.id)?.records.length, 2)
  }
  t.ok(listSegments(at.dir).length > 2)
})

t.test('a store that was closed reads on where it stopped', async (t) => {
  const at = await filled(t, [tunnel()])
  const before = new StoreEngine(at)
  before.catchUp(60_000)
  before.close()
  await at.write(tunnel())
  const why: string[] = []
  t.equal(flowsOf(open(t, at, (text) => why.push(text))).length, 2)
  t.same(why, [])
})

t.test('a store that is lost, damaged, of another version or ahead of the files is built again', async (t) => {
  const cases: Record<string, (at: Filled) => void> = {
    lost: ({ file }) => rmSync(file),
    damaged: ({ file }) => writeFileSync(file, Buffer.alloc(20_000, 'damage')),
    'of another version': ({ file }) => {
      const db = new DatabaseSync(file)
      db.exec('PRAGMA user_version = 999')
      db.close()
    },
    ahead: ({ dir }) => {
      const { events } = listSegments(dir)[0]!
      const text = readFileSync(events, 'utf8')
      truncateSync(events, text.indexOf('\n') + 1)
      copyFileSync(events, `${events}.kept`)
    },
  }
  for (const [name, harm] of Object.entries(cases)) {
    await t.test(name, async (t) => {
      const events = [tunnel(), intent()]
      const at = await filled(t, events)
      const before = new StoreEngine(at)
      before.catchUp(60_000)
      before.close()
      harm(at)
      t.same(
        flowsOf(open(t, at)),
        events.slice(0, name === 'ahead' ? 1 : 2).map(({ flow }) => flow),
      )
    })
  }
})

t.test('every filter finds its exchanges and no other', async (t) => {
  const bob = { ...alice, user: 'bob', device: 'LT-2', address: '10.9.9.9' }
  const a = singleOutcome({ time: '2026-11-22T10:00:00.000Z', tool: 'claude-code', tier: 'prohibited', client: bob })
  const b = tunnel({ time: '2026-11-22T11:00:00.000Z' })
  const c = intent({ time: '2026-11-22T12:00:00.000Z', rule: 'rule:x', path: '/v1/embeddings' })
  const d = followingOutcome({ flow: c.flow, time: '2026-11-22T12:00:01.000Z', model: 'gpt-x', status: 418 })
  const e = config({ time: '2026-11-22T13:00:00.000Z' })
  const engine = open(t, await filled(t, [a, b, c, d, e]))
  const names = new Map([
    [a.flow, 'a'],
    [b.flow, 'b'],
    [c.flow, 'c'],
    [e.flow, 'e'],
  ])
  const found = (query: object) =>
    flowsOf(engine, query)
      .map((flow) => names.get(flow as string))
      .join('')
  t.equal(found({}), 'abce')
  t.equal(found({ order: 'desc' }), 'ecba')
  t.equal(found({ since: b.time }), 'bce')
  t.equal(found({ until: b.time }), 'a')
  t.equal(found({ since: b.time, until: c.time }), 'b')
  t.equal(found({ tool: 'claude-code' }), 'a')
  t.equal(found({ tier: 'approved' }), 'b')
  t.equal(found({ action: 'redact' }), 'c')
  t.equal(found({ host: 'Gateway.Qoder.com.cn' }), 'b')
  t.equal(found({ rule: 'rule:x' }), 'c')
  for (const client of ['bob', 'LT-2', '10.9.9.9']) t.equal(found({ client }), 'a', client)
  const who = engine.find(a.id)?.exchange['who']
  t.equal(found({ client: who }), 'a')
  t.equal(found({ phase: 'intent' }), 'c')
  t.equal(found({ phase: 'outcome' }), 'ac')
  t.equal(found({ phase: 'config' }), 'e')
  t.equal(found({ text: 'embed' }), 'c', 'the beginning of a word')
  t.equal(found({ text: 'embeddings 418' }), 'c', 'one word in the intent, one in the outcome')
  t.equal(found({ text: 'BOB' }), 'a')
  t.equal(found({ text: 'embeddings bob' }), '')
  t.equal(found({ text: '"*' }), 'abce', 'no word, no filter')
  t.equal(found({ text: "zebra' OR 1=1" }), '')
  t.equal(found({ tool: "' OR 1=1 --" }), '')
  t.throws(() => found({ since: 'soon' }), { code: 'bad-query' })
  t.throws(() => found({ cursor: 'x' }), { code: 'bad-query' })
})

t.test('pages follow each other without gap or repeat, also within one millisecond', async (t) => {
  const events = Array.from({ length: 23 }, () => tunnel())
  const engine = open(t, await filled(t, events))
  for (const order of ['asc', 'desc'] as const) {
    const seen: unknown[] = []
    let cursor: string | null = ''
    do {
      const page = engine.query({ limit: 5, order, ...(cursor === '' ? {} : { cursor }) })
      seen.push(...page.items.map(({ flow }) => flow))
      cursor = page.next
    } while (cursor !== null)
    const flows = events.map(({ flow }) => flow).sort()
    t.same(seen, order === 'asc' ? flows : flows.reverse())
  }
})

t.test('the newest time of each tool is kept', async (t) => {
  const engine = open(
    t,
    await filled(t, [
      tunnel({ time: '2026-11-22T12:00:00.000Z' }),
      tunnel({ time: '2026-11-22T10:00:00.000Z' }),
      config(),
    ]),
  )
  t.same([...engine.lastSeen()], [['lingma-qoder-cn', '2026-11-22T12:00:00.000Z']])
})

t.test('a line that is no record is left out, the others are not', async (t) => {
  const at = await filled(t, [tunnel()])
  const { events } = listSegments(at.dir)[0]!
  const whole = readFileSync(events, 'utf8')
  writeFileSync(events, `nonsense\n{"v":1}\nnull\n${whole}`)
  t.equal(flowsOf(open(t, at)).length, 1)
})

t.test('without its personal file an exchange has no client', async (t) => {
  const at = await filled(t, [tunnel()])
  rmSync(listSegments(at.dir)[0]!.personal)
  t.match(open(t, at).query(ALL).items, [{ client: null, who: /^p_/ }])
})

t.test('persons of a pseudonym are forgotten in records, columns and words; others stay', async (t) => {
  const bob = { ...alice, user: 'bob', device: 'LT-2', address: '10.9.9.9' }
  const [mine, theirs] = [tunnel({ client: bob }), tunnel()]
  const engine = open(t, await filled(t, [mine, theirs]))
  const who = String(engine.find(mine.flow)?.exchange['who'])
  t.equal(engine.forget(who), 1)
  t.match(engine.find(mine.flow), { exchange: { client: null, who }, records: [{ client: null }] })
  t.same(flowsOf(engine, { text: 'bob' }), [])
  t.same(flowsOf(engine, { client: 'LT-2' }), [])
  t.same(flowsOf(engine, { client: who }), [mine.flow])
  t.equal(flowsOf(engine, { text: 'qoder' }).length, 2, 'what is no person stays')
  t.same(flowsOf(engine, { text: 'alice' }), [theirs.flow])
  t.equal(engine.forget(who), 0)
})

t.test('personal lines are read by the function that was given', async (t) => {
  const at = await filled(t, [tunnel()])
  const erased = new StoreEngine({ ...at, readPerson: () => null })
  erased.catchUp(60_000)
  t.match(erased.query(ALL).items, [{ client: null }])
  t.equal(erased.query({ ...ALL, client: 'alice' }).items.length, 0)
  erased.close()
})

t.test(
  'whose key went while the store was told nothing is forgotten, by one that runs and by one that starts',
  async (t) => {
    const bob = { ...alice, user: 'bob', device: 'LT-2', address: '10.9.9.9' }
    const carol = { ...alice, user: 'carol', device: null, address: '10.8.8.8' }
    const at = await filled(t, [tunnel({ client: bob }), tunnel({ client: carol }), tunnel()])
    await at.spool.close()
    const erase = async (identity: string) => {
      const desk = openPersonDesk({ data: at.data })
      await desk.keys.erase([desk.keys.find(identity)?.id ?? ''])
      await desk.close()
    }
    const running = open(t, at)
    const count = (engine: StoreEngine, client: string) => flowsOf(engine, { client }).length
    t.same(
      ['bob', 'carol', 'alice'].map((name) => count(running, name)),
      [1, 1, 1],
    )
    const who = String(running.query({ ...ALL, client: 'bob' }).items[0]?.['who'])
    await erase('user:bob')
    running.step()
    t.same([running.forget(who), running.forget(who)], [1, 0], 'who asks for it then is told how many there were')
    t.same(
      ['bob', 'LT-2', '10.9.9.9', 'carol', 'alice'].map((name) => count(running, name)),
      [0, 0, 0, 1, 1],
    )
    running.flush()
    await erase('user:carol')
    const reader = openAuditReader(at)
    t.equal(
      reader.query({ ...ALL, client: 'carol' }).items.length,
      0,
      'a reader beside it hides what it may not change',
    )
    t.equal(reader.query({ ...ALL, client: 'alice' }).items.length, 1)
    reader.close()
    const started = open(t, at)
    t.same(
      ['bob', 'carol', '10.8.8.8', 'alice'].map((name) => count(started, name)),
      [0, 0, 0, 1],
    )
    t.notMatch(readFileSync(at.file, 'latin1'), /carol|10\.8\.8\.8/)
  },
)

t.test('without a key store nobody is taken for erased', async (t) => {
  const at = await filled(t, [tunnel()])
  await at.spool.close()
  open(t, at).flush()
  rmSync(`${at.data}/keys/subjects.jsonl`)
  t.equal(flowsOf(open(t, at), { client: 'alice' }).length, 1)
})
