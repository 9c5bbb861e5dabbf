import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { SinkSettings } from '../../../src/audit/sinks/settings.ts'
import type { SendResult, Sink, SinkMessage } from '../../../src/audit/sinks/sink.ts'
import { SinkRunner } from '../../../src/audit/sinks/sink-runner.ts'
import { stateFile } from '../../../src/audit/sinks/state-file.ts'
import { until } from '../../helpers/debian.ts'
import { singleOutcome } from '../events.ts'
import { type Filled, filled } from '../filled.ts'
import { linesOf } from '../lines.ts'
import { fileSettings, readAnyPerson } from './world.ts'

interface World {
  readonly runner: SinkRunner
  readonly texts: string[]
  readonly logged: string[]
  readonly folder: string
}

function run(
  t: Test,
  at: Filled,
  more: Partial<SinkSettings> = {},
  { answer = (): SendResult => ({ kind: 'delivered' }), durable = (): number | null => at.spool.lastSeq() } = {},
): World {
  const folder = join(at.data, 'sinks')
  const texts: string[] = []
  const logged: string[] = []
  const sink: Sink = {
    send: (batch: readonly SinkMessage[]) => {
      const result = answer()
      if (result.kind === 'delivered') texts.push(...batch.map(({ text }) => text))
      return Promise.resolve(result)
    },
    close: () => Promise.resolve(),
  }
  const log = (_fields: object, event: string): void => {
    logged.push(event)
  }
  const runner = new SinkRunner({
    settings: { ...fileSettings('/nowhere'), ...more } as SinkSettings,
    dir: at.dir,
    folder,
    stream: 'n1-w0',
    durable,
    readPerson: readAnyPerson,
    log: { info: log, warn: log, error: log },
    onChange: () => undefined,
    sink,
    backoff: { firstMs: 1, maxMs: 2 },
  })
  t.teardown(() => runner.stop())
  return { runner, texts, logged, folder }
}

const events = (count: number) => Array.from({ length: count }, () => singleOutcome())
const idsIn = (texts: readonly string[]): string[] => texts.map((text) => (JSON.parse(text) as { id: string }).id)

t.test('a new sink begins at the start or now; a known one where it was', async (t) => {
  const at = await filled(t, events(5))
  const fromStart = run(t, at)
  await until(() => fromStart.texts.length === 5)
  await fromStart.runner.stop()
  const fromNow = run(t, at, { name: 'other', from: 'now' })
  await at.write(...events(2))
  fromNow.runner.notify()
  await until(() => fromNow.texts.length === 2)
  const again = run(t, at, { from: 'now' })
  await until(() => again.texts.length === 2)
  t.strictSame(
    idsIn([...fromStart.texts, ...again.texts]),
    linesOf(at.dir).map(({ id }) => id),
  )
})

t.test('persons go along, or stay away where the configuration says so', async (t) => {
  const at = await filled(t, events(1))
  const full = run(t, at)
  const pseudonymous = run(t, at, { name: 'other', persons: false })
  await until(() => full.texts.length + pseudonymous.texts.length === 2)
  t.match(full.texts[0], '"user":"alice"')
  t.notMatch(pseudonymous.texts[0], 'alice')
  t.notMatch(pseudonymous.texts[0], '10.1.2.3')
  t.match(pseudonymous.texts[0], '"who":"p_')
})

t.test('a state that is broken is put aside, told, and everything is sent again', async (t) => {
  const at = await filled(t, events(3))
  const first = run(t, at)
  await until(() => first.runner.status().delivered === 3)
  await first.runner.stop()
  const file = stateFile(first.folder, 'siem')
  writeFileSync(file, '{"v":1')
  const second = run(t, at, { from: 'now' })
  await until(() => second.texts.length === 3)
  t.ok(second.logged.includes('audit.sink-state-broken'))
  t.equal(readFileSync(`${file}.broken`, 'utf8'), '{"v":1')
})

t.test('the status says how far behind it is, why, and since when', async (t) => {
  const at = await filled(t, events(7))
  let answer: SendResult = { kind: 'retry', why: 'status 503' }
  const { runner } = run(t, at, { batchEvents: 3 }, { answer: () => answer })
  await until(() => runner.status().failure !== null)
  const { behindSeconds } = runner.status()
  t.match(runner.status(), {
    name: 'siem',
    kind: 'file',
    behindEvents: 7,
    delivered: 0,
    deliveredAt: null,
    failure: { why: 'status 503' },
  })
  t.ok(behindSeconds > 0, 'the events of these tests are old')
  answer = { kind: 'delivered' }
  await until(() => runner.status().delivered === 7)
  t.match(runner.status(), { behindEvents: 0, behindSeconds: 0, failure: null, deliveredAt: /^20/ })
})

t.test('what waits behind a checkpoint that is not taken counts, too, from before the first file on', async (t) => {
  const empty = await filled(t)
  for (const at of [empty, await filled(t, events(3))]) {
    const name = `siem-${at.spool.lastSeq()}`
    const world = run(t, at, { name }, { answer: () => ({ kind: 'retry', why: 'status 503' }) })
    world.runner.checkpoint({ origin: 'o', size: 1, root: 'r', note: 'n' })
    await until(() => world.runner.status().failure !== null)
    await at.write(...events(2))
    world.runner.notify()
    t.equal(world.runner.status().behindEvents, at.spool.lastSeq())
  }
})
