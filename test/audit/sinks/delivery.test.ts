import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Delivery, type DeliveryOptions } from '../../../src/audit/sinks/delivery.ts'
import type { FollowedRecord } from '../../../src/audit/sinks/follow.ts'
import { createRenderer } from '../../../src/audit/sinks/render.ts'
import type { Selected } from '../../../src/audit/sinks/selection.ts'
import type { SendResult, SinkMessage } from '../../../src/audit/sinks/sink.ts'
import { NEW_STATE, readState, type SinkState, stateFile } from '../../../src/audit/sinks/state-file.ts'
import { until } from '../../helpers/debian.ts'

const DELIVERED: SendResult = { kind: 'delivered' }
const CHECKPOINT = { origin: 'o', size: 3, root: 'r', note: 'n' }

const record = (seq: number): FollowedRecord => ({
  id: `id-${seq}`,
  time: '2026-11-23T10:00:00.000Z',
  phase: 'outcome',
  stream: 'n1-w0',
  record: { id: `id-${seq}` },
  line: '',
  cursor: { segment: 1, offset: 0, line: seq, personal: 0, seq },
})

const selected = (records: readonly FollowedRecord[], leftOut = 0, passed = records.at(-1)): Selected => ({
  records,
  leftOut,
  passed: passed === undefined ? {} : { 'n1-w0': passed.cursor },
})

interface World {
  readonly delivery: Delivery
  /** Ids of each attempt. */
  readonly attempts: string[][]
  readonly delivered: string[]
  readonly logged: string[]
  /** Of the log lines, as JSON. */
  readonly fields: string[]
  readonly state: () => SinkState
  readonly add: (count: number) => void
  readonly folder: string
}

/** A delivery of records numbered from 1; `answer` gets the ids of each attempt and its number from 1. */
function setUp(
  t: Test,
  count: number,
  answer: (ids: readonly string[], attempt: number) => SendResult | Promise<SendResult> = () => DELIVERED,
  more: Partial<DeliveryOptions> = {},
): World {
  const folder = join(t.testdir({}), 'sinks')
  const attempts: string[][] = []
  const delivered: string[] = []
  const logged: string[] = []
  const fields: string[] = []
  let next = 1
  let last = count
  const log =
    (level: string) =>
    (about: object, event: string): void => {
      fields.push(JSON.stringify(about))
      logged.push(`${level} ${event}`)
    }
  const delivery = new Delivery({
    name: 'siem',
    sink: {
      send: async (batch: readonly SinkMessage[]) => {
        const ids = batch.map(({ id }) => id)
        attempts.push(ids)
        const result = await answer(ids, attempts.length)
        if (result.kind === 'delivered') delivered.push(...ids)
        return result
      },
      close: () => Promise.resolve(),
    },
    next: (max) => {
      const found = []
      while (found.length < max && next <= last) found.push(record(next++))
      return selected(found)
    },
    render: createRenderer('jsonl'),
    state: NEW_STATE,
    lost: () => 0,
    stateFile: stateFile(folder, 'siem'),
    refusedFile: join(folder, 'siem.refused.jsonl'),
    batchEvents: 8,
    batchBytes: 1e6,
    batchMs: 0,
    log: { info: log('info'), warn: log('warn'), error: log('error') },
    onChange: () => undefined,
    backoff: { firstMs: 1, maxMs: 2 },
    ...more,
  })
  t.teardown(() => delivery.stop())
  return {
    delivery,
    attempts,
    delivered,
    logged,
    fields,
    folder,
    state: () => {
      const read = readState(stateFile(folder, 'siem'))
      if (read.kind !== 'state') throw new Error(read.kind)
      return read.state
    },
    add: (count) => {
      last += count
      delivery.notify()
    },
  }
}

const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `id-${from + index}`)

t.test('records go in order, so many at once as may, and the place follows them', async (t) => {
  const world = setUp(t, 20)
  await until(() => world.delivered.length === 20)
  t.strictSame(world.attempts, [ids(1, 8), ids(9, 16), ids(17, 20)])
  world.add(1)
  await until(() => world.delivery.state.delivered === 21)
  t.match(world.state(), { delivered: 21, retried: 0, failure: null, streams: { 'n1-w0': { seq: 21 } } })
  t.strictSame(world.logged, [])
})

t.test('nothing moves on before the receiver has confirmed', async (t) => {
  let confirm: (result: SendResult) => void = () => undefined
  const world = setUp(t, 20, () => new Promise((resolve) => (confirm = resolve)))
  await until(() => world.attempts.length === 1)
  t.match(world.state(), { streams: {}, delivered: 0 })
  t.equal(world.attempts.length, 1, 'and nothing more is read')
  confirm(DELIVERED)
  await until(() => world.attempts.length === 2)
  t.match(world.state(), { streams: { 'n1-w0': { seq: 8 } } })
  const stopping = world.delivery.stop()
  confirm({ kind: 'retry', why: 'gone' })
  await stopping
  t.match(world.state(), { streams: { 'n1-w0': { seq: 8 } } })
})

t.test('what fails is tried again whole; trouble and its end are each said once', async (t) => {
  const world = setUp(t, 10, (_ids, attempt) => (attempt <= 5 ? { kind: 'retry', why: 'status 500' } : DELIVERED))
  await until(() => world.delivered.length === 10)
  t.strictSame(world.attempts.slice(0, 6), Array(6).fill(ids(1, 8)))
  t.strictSame(world.logged, ['warn audit.sink-failing', 'info audit.sink-recovered'])
  await until(() => world.delivery.state.delivered === 10)
  t.match(world.state(), { retried: 5, failure: null })
})

t.test('while it fails, the state file says since when and why', async (t) => {
  const world = setUp(t, 1, () => ({ kind: 'retry', why: 'status 503' }))
  await until(() => world.attempts.length >= 3)
  t.match(world.state(), { delivered: 0, streams: {}, failure: { why: 'status 503', since: /^20/ } })
})

t.test('a batch that is too large is halved until it fits, and grows again', async (t) => {
  const world = setUp(t, 40, (some, attempt) =>
    some.length > 2 && attempt < 6 ? { kind: 'too-large', why: 'status 413' } : DELIVERED,
  )
  await until(() => world.delivered.length === 40)
  t.strictSame(world.delivered, ids(1, 40))
  t.ok(world.attempts.some((some) => some.length === 2))
  t.equal(world.attempts.at(-2)?.length, 8)
  t.equal(world.delivery.state.setAside, 0)
})

t.test('a record that the receiver refuses is set aside by name, and the rest goes on', async (t) => {
  const world = setUp(t, 30, (some) =>
    some.includes('id-13') ? { kind: 'refused', why: 'status 400, code 6', said: 'no alice here' } : DELIVERED,
  )
  await until(() => world.delivered.length === 29)
  t.strictSame(world.delivered, [...ids(1, 12), ...ids(14, 30)])
  await until(() => world.delivery.state.delivered === 29)
  t.match(world.state(), { setAside: 1, asideInRow: 0, streams: { 'n1-w0': { seq: 30 } } })
  const [line = ''] = readFileSync(join(world.folder, 'siem.refused.jsonl'), 'utf8').split('\n')
  t.match(JSON.parse(line), { id: 'id-13', stream: 'n1-w0', seq: 13, why: 'status 400, code 6' })
  t.ok(world.logged.includes('error audit.sink-refused-record'))
  await world.delivery.stop()
  for (const name of readdirSync(world.folder))
    t.notMatch(readFileSync(join(world.folder, name), 'utf8'), /alice/u, `the receiver's words are not in ${name}`)
  t.notMatch(world.fields.join('\n'), /alice/u)
})

t.test('a record that cannot be rendered is set aside, too, without its content', async (t) => {
  const asJson = createRenderer('jsonl')
  const world = setUp(t, 12, () => DELIVERED, {
    render: (each) => {
      if (each.id === 'id-5') throw new SyntaxError('"alice" is no number')
      return asJson(each)
    },
  })
  await until(() => world.delivered.length === 11)
  await until(() => world.delivery.state.delivered === 11)
  t.strictSame(world.delivered, [...ids(1, 4), ...ids(6, 12)])
  t.match(world.state(), { setAside: 1, failure: null })
  const refused = readFileSync(join(world.folder, 'siem.refused.jsonl'), 'utf8')
  t.match(JSON.parse(refused), { id: 'id-5', why: 'cannot be written in this format: SyntaxError' })
  t.notMatch(refused + world.fields.join(), /alice/u)
})

t.test('a checkpoint that cannot be rendered holds no record up', async (t) => {
  const asJson = createRenderer('jsonl')
  const world = setUp(t, 2, () => DELIVERED, {
    render: (each) => {
      if (each.phase === 'checkpoint') throw new Error('no')
      return asJson(each)
    },
    state: { ...NEW_STATE, checkpoints: [{ ...CHECKPOINT, time: '2026-11-23T10:00:00.000Z' }] },
  })
  await until(() => world.delivery.state.delivered === 2)
  t.strictSame(world.delivered, ids(1, 2))
  t.ok(world.logged.includes('error audit.sink-refused-record'))
})

t.test('a receiver that refuses everything is waited for: after twenty records it is not the records', async (t) => {
  let isRefusing = true
  const world = setUp(t, 60, () => (isRefusing ? { kind: 'refused', why: 'status 400' } : DELIVERED))
  await until(() => world.delivery.state.setAside === 20 && world.delivery.state.failure !== null)
  const before = world.attempts.length
  await until(() => world.attempts.length > before + 6)
  t.equal(world.delivery.state.setAside, 20)
  isRefusing = false
  await until(() => world.delivered.length === 40)
  t.strictSame(world.delivered, ids(21, 60))
})

t.test('a checkpoint goes ahead of records, waits like them, and lasts over a restart', async (t) => {
  let isDead = true
  const answer = (): SendResult => (isDead ? { kind: 'retry', why: 'dead' } : DELIVERED)
  const world = setUp(t, 0, answer)
  world.delivery.checkpoint(CHECKPOINT)
  await until(() => world.attempts.length >= 1 && existsSync(stateFile(world.folder, 'siem')))
  await world.delivery.stop()
  t.match(world.state(), { checkpoints: [{ size: 3 }] })
  isDead = false
  const again = setUp(t, 2, answer, { state: world.state() })
  await until(() => again.delivered.length === 3)
  t.match(again.attempts, [[/^cp_/], ids(1, 2)])
  await until(() => again.delivery.state.delivered === 2)
  t.strictSame(again.state().checkpoints, [])
})

t.test('the place goes behind what nobody wants: with what is wanted before it, or alone', async (t) => {
  const reads = [
    selected([], 3, record(3)),
    selected([record(4)], 2, record(6)),
    selected([], 0),
    selected([], 4, record(10)),
  ]
  let confirm: (result: SendResult) => void = () => undefined
  const world = setUp(t, 0, () => new Promise((resolve) => (confirm = resolve)), {
    next: () => reads.shift() ?? selected([]),
  })
  await until(() => world.attempts.length === 1)
  t.match(world.state(), { streams: { 'n1-w0': { seq: 3 } }, leftOut: 3, delivered: 0, deliveredAt: null })
  confirm(DELIVERED)
  await until(() => world.delivery.state.delivered === 1)
  t.match(world.state(), { streams: { 'n1-w0': { seq: 6 } }, leftOut: 5, delivered: 1 })
  world.add(0)
  await until(() => world.delivery.state.leftOut === 9)
  t.match(world.state(), { streams: { 'n1-w0': { seq: 10 } }, leftOut: 9, delivered: 1 })
})

t.test('files that cannot be read are tried again like a receiver that is away', async (t) => {
  let reads = 0
  const world = setUp(t, 0, () => DELIVERED, {
    next: () => {
      if (reads++ < 3) throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
      return selected(reads === 4 ? [record(1)] : [])
    },
  })
  await until(() => world.delivered.length === 1)
  t.ok(world.logged.includes('warn audit.sink-failing'))
})

t.test('a place that cannot be written stops the sink until it can, not more', async (t) => {
  const world = setUp(t, 20, (_some, attempt) => {
    // Between the first two deliveries the folder becomes a file.
    if (attempt === 2) {
      rmSync(world.folder, { recursive: true })
      writeFileSync(world.folder, '')
    }
    return DELIVERED
  })
  await until(() => world.delivery.state.failure?.why.includes('state file') === true)
  t.equal(world.attempts.length, 2)
  rmSync(world.folder)
  mkdirSync(world.folder)
  await until(() => world.delivered.length === 20)
  await until(() => world.delivery.state.delivered === 20)
  t.match(world.state(), { delivered: 20, failure: null })
})

t.test('a stop gives a receiver that is well what is left, and does not wait for one that is not', async (t) => {
  const well = setUp(t, 0, () => DELIVERED, { batchMs: 3_600_000 })
  await new Promise((resolve) => setImmediate(resolve))
  well.add(20)
  await well.delivery.stop()
  t.strictSame(well.delivered, ids(1, 20))
  const dead = setUp(t, 20, () => ({ kind: 'retry', why: 'dead' }), {
    backoff: { firstMs: 3_600_000, maxMs: 3_600_000 },
  })
  await until(() => dead.attempts.length === 1)
  await dead.delivery.stop()
  t.equal(dead.attempts.length, 1)
})
