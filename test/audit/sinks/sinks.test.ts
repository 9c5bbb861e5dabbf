import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { openSinks } from '../../../src/audit/sinks/sinks.ts'
import { until } from '../../helpers/debian.ts'
import { singleOutcome } from '../events.ts'
import { filled } from '../filled.ts'
import { linesOf } from '../lines.ts'
import { fileSettings, httpReceiver, listen, otlpSettings } from './world.ts'

const events = (count: number) => Array.from({ length: count }, () => singleOutcome())

t.test('without sinks there is no thread', async (t) => {
  const sinks = openSinks({ dir: '/none', folder: '/none', sinks: [], stream: 'n1-w0', durableSeq: 0 })
  sinks.durable(1)
  sinks.checkpoint({ origin: 'o', size: 1, root: 'r', note: 'n' })
  t.strictSame(sinks.status(), [])
  await sinks.close()
})

t.test('what becomes durable reaches every sink, checkpoints too, and the last of it at a stop', async (t) => {
  const at = await filled(t, events(3))
  const file = join(at.data, 'copy.jsonl')
  const receiver = await httpReceiver(t)
  const sinks = openSinks({
    dir: at.dir,
    folder: join(at.data, 'sinks'),
    sinks: [fileSettings(file, { name: 'copy' }), otlpSettings(receiver.url, { name: 'otel' })],
    stream: 'n1-w0',
    durableSeq: at.spool.lastSeq(),
  })
  await until(() => sinks.status().filter(({ delivered }) => delivered === 3).length === 2)
  sinks.checkpoint({ origin: 'weir', size: 3, root: 'cm9vdA==', note: 'weir\n3\ncm9vdA==\n' })
  await at.write(...events(2))
  sinks.durable(at.spool.lastSeq())
  await sinks.close()
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; phase: string })
  t.strictSame(
    lines.filter(({ phase }) => phase !== 'checkpoint').map(({ id }) => id),
    linesOf(at.dir).map(({ id }) => id),
  )
  t.equal(lines.filter(({ phase }) => phase === 'checkpoint').length, 1)
  t.match(receiver.got.map(({ body }) => body).join(), '"eventName":"weir.checkpoint"')
  t.match(sinks.status(), [
    { name: 'copy', delivered: 5, behindEvents: 0 },
    { name: 'otel', delivered: 5 },
  ])
})

t.test('the list changes while records come: nobody else is disturbed, who comes back goes on', async (t) => {
  const at = await filled(t, events(3))
  const folder = join(at.data, 'sinks')
  const logged: unknown[] = []
  const log = (fields: object, event: string): void => {
    logged.push({ event, ...fields })
  }
  const idsIn = (name: string): string[] =>
    readdirSync(at.data).includes(name)
      ? readFileSync(join(at.data, name), 'utf8')
          .split('\n')
          .slice(0, -1)
          .map((line) => (JSON.parse(line) as { id: string }).id)
      : []
  const file = (name: string, more = {}) => fileSettings(join(at.data, name), { name, ...more })
  const sinks = openSinks({
    dir: at.dir,
    folder,
    sinks: [],
    stream: 'n1-w0',
    durableSeq: at.spool.lastSeq(),
    log: { debug: log, info: log, warn: log, error: log },
  })
  t.teardown(() => sinks.close())
  t.strictSame(sinks.status(), [])
  const write = async (count: number): Promise<void> => {
    await at.write(...events(count))
    sinks.durable(at.spool.lastSeq())
  }
  sinks.replace([file('stays')])
  await until(() => idsIn('stays').length === 3)
  sinks.replace([file('stays'), file('goes')])
  await until(() => idsIn('goes').length === 3)
  sinks.replace([file('stays')])
  await until(() => sinks.status().length === 1)
  await write(2)
  await until(() => idsIn('stays').length === 5)
  t.equal(idsIn('goes').length, 3)
  sinks.replace([])
  await until(() => sinks.status().length === 0)
  await write(2)
  sinks.replace([file('goes', { filter: 'action:block' }), file('stays')])
  await until(() => idsIn('stays').length === 7 && idsIn('goes').length === 7)
  sinks.replace([file('goes', { filter: 'action:allow' }), file('stays')])
  await write(2)
  await until(() => sinks.status()[0]?.leftOut === 2)
  sinks.checkpoint({ origin: 'weir', size: 3, root: 'cm9vdA==', note: 'weir\n3\ncm9vdA==\n' })
  await sinks.close()
  const all = linesOf(at.dir).map(({ id }) => id)
  t.strictSame(idsIn('stays').slice(0, -1), all)
  t.strictSame(idsIn('goes').slice(0, -1), all.slice(0, 7))
  t.match(readFileSync(join(at.data, 'goes'), 'utf8').trimEnd().split('\n').at(-1), '"phase":"checkpoint"')
  t.match(logged, [
    { event: 'audit.sinks-changed', added: ['stays'], changed: [], removed: [] },
    { added: ['goes'] },
    { added: [], removed: ['goes'] },
    { removed: ['stays'] },
    { added: ['goes', 'stays'] },
    { added: [], changed: ['goes'], removed: [] },
  ])
})

t.test('a dead receiver delays neither the other sinks nor the stop, and loses nothing', async (t) => {
  const at = await filled(t, events(4))
  const file = join(at.data, 'copy.jsonl')
  const logged: string[] = []
  const log = (_fields: object, event: string): void => {
    logged.push(event)
  }
  const silent = createServer(() => undefined)
  const port = await listen(t, silent)
  const dead = createServer()
  const closedPort = await listen(t, dead)
  dead.close()
  await once(dead, 'close')
  const options = {
    dir: at.dir,
    folder: join(at.data, 'sinks'),
    stream: 'n1-w0',
    durableSeq: at.spool.lastSeq(),
    log: { debug: log, info: log, warn: log, error: log },
    closeMs: 300,
  }
  const sinks = openSinks({
    ...options,
    sinks: [
      otlpSettings(`http://127.0.0.1:${port}`, { name: 'silent' }),
      otlpSettings(`http://127.0.0.1:${closedPort}`, { name: 'dead' }),
      fileSettings(file, { name: 'copy' }),
    ],
  })
  await until(() => sinks.status().some(({ name, delivered }) => name === 'copy' && delivered === 4))
  await until(() => logged.includes('audit.sink-failing'))
  t.match(sinks.status(), [
    { name: 'silent', behindEvents: 4 },
    { name: 'dead', behindEvents: 4, failure: { why: /ECONNREFUSED/ } },
    { behindEvents: 0 },
  ])
  await sinks.close()
  const receiver = await httpReceiver(t)
  const again = openSinks({ ...options, sinks: [otlpSettings(receiver.url, { name: 'dead' })] })
  await until(() => again.status()[0]?.delivered === 4)
  await again.close()
  const ids = linesOf(at.dir).map(({ id }) => id)
  for (const id of ids) t.match(receiver.got.map(({ body }) => body).join(), id)
})
