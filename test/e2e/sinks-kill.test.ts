/** A process that is killed while it sends records on: whatever the moment, each record arrives, under the same id. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { closedPlainFiles, compressFile } from '../../src/audit/compress-segment.ts'
import type { SinksOptions } from '../../src/audit/sinks/sinks.ts'
import { singleOutcome } from '../audit/events.ts'
import { type Filled, filled } from '../audit/filled.ts'
import { linesOf } from '../audit/lines.ts'
import { listen, otlpSettings } from '../audit/sinks/world.ts'
import { until } from '../helpers/debian.ts'
import { endChild } from '../helpers/end-child.ts'

const COUNT = 60
const BATCH = 10

type Play = (request: IncomingMessage, response: ServerResponse) => Promise<void>

interface World {
  readonly files: Filled
  readonly stateFile: string
  /** Ids of each delivery that came whole, as they came. */
  readonly got: string[][]
  /** Do this instead of acknowledging that delivery, counted from 1; resolves once it is done. */
  readonly at: (delivery: number, play: Play) => Promise<void>
  readonly start: () => ChildProcess
  readonly wanted: () => string[]
}

async function setUp(t: Test): Promise<World> {
  // Small files, so that some are closed.
  const at = await filled(t, [], 20_000)
  for (let done = 0; done < COUNT; done += BATCH) {
    await Promise.all(Array.from({ length: BATCH }, () => at.spool.append(singleOutcome())))
  }
  const got: string[][] = []
  const plays = new Map<number, { readonly play: Play; readonly done: () => void }>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('error', () => undefined)
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      got.push([...body.matchAll(/"log\.record\.uid","value":\{"stringValue":"(\w+)"/gu)].map(([, id]) => id ?? ''))
      const planned = plays.get(got.length)
      plays.delete(got.length)
      if (planned === undefined) response.end('{}')
      else planned.play(request, response).then(planned.done, () => undefined)
    })
  })
  const port = await listen(t, server)
  const options: SinksOptions = {
    dir: at.dir,
    folder: join(at.data, 'sinks'),
    sinks: [otlpSettings(`http://127.0.0.1:${port}`, { batchEvents: BATCH })],
    stream: 'n1-w0',
    // Also what is written later.
    durableSeq: Number.MAX_SAFE_INTEGER,
  }
  const source = new URL('../../src/audit/sinks/sinks.ts', import.meta.url).href
  const script = `import { openSinks } from ${JSON.stringify(source)}
openSinks(${JSON.stringify(options)})
setInterval(() => undefined, 1000)`
  const program = join(at.data, 'sends.mjs')
  writeFileSync(program, script)
  return {
    files: at,
    got,
    stateFile: join(at.data, 'sinks', 'siem.json'),
    at: (delivery, play) => new Promise((done) => plays.set(delivery, { play, done })),
    start: () => {
      const child = spawn(process.execPath, [program], { stdio: 'ignore' })
      t.teardown(() => endChild(child))
      return child
    },
    wanted: () => linesOf(at.dir).map(({ id }) => id),
  }
}

const seqIn = ({ stateFile }: World): number => {
  const { streams } = JSON.parse(readFileSync(stateFile, 'utf8')) as { streams: Record<string, { seq: number }> }
  return streams['n1-w0']?.seq ?? 0
}

/** In order once what came again is left out, and nothing is missing. */
const isWhole = ({ got, wanted }: World): boolean => [...new Set(got.flat())].join() === wanted().join()

t.test(
  'killed when the receiver has acknowledged and the place is not written: it comes again, the same',
  async (t) => {
    const world = await setUp(t)
    const killed = world.at(3, async (_request, response) => {
      // Stopped, the process cannot even read the acknowledgement, let alone write its place.
      child.kill('SIGSTOP')
      await new Promise<void>((resolve) => response.end('{}', () => resolve()))
      await endChild(child)
    })
    const child = world.start()
    await killed
    const acknowledged = world.got.at(-1) ?? []
    t.equal(seqIn(world), 2 * BATCH)
    world.start()
    await until(() => new Set(world.got.flat()).size === COUNT)
    t.ok(isWhole(world))
    t.strictSame(world.got[3], acknowledged, 'the same under the same ids')
  },
)

t.test('killed again and again in the middle of deliveries', async (t) => {
  const world = await setUp(t)
  for (const delivery of [1, 3, 5]) {
    const killed = world.at(delivery, async (request) => {
      request.socket.destroy()
      await endChild(child)
    })
    const child = world.start()
    await killed
  }
  world.start()
  await until(() => new Set(world.got.flat()).size === COUNT)
  t.ok(isWhole(world))
  t.ok(world.got.length > COUNT / BATCH)
})

t.test('the last write of the place is lost, torn or gone: more comes again, nothing is missing', async (t) => {
  const world = await setUp(t)
  await endChild(await delivered(world))
  const whole = readFileSync(world.stateFile)
  const damages: Readonly<Record<string, () => void>> = {
    'empty, as after a power cut': () => truncateSync(world.stateFile, 0),
    torn: () => truncateSync(world.stateFile, whole.length >> 1),
    zeroed: () => writeFileSync(world.stateFile, Buffer.alloc(whole.length)),
    gone: () => rmSync(world.stateFile),
    'an older one': () =>
      writeFileSync(
        world.stateFile,
        whole
          .toString()
          .replace(/"segment":\d+/u, '"segment":1')
          .replaceAll(/"(offset|line|personal|seq)":\d+/gu, '"$1":0'),
      ),
    'another one begun beside it': () => writeFileSync(`${world.stateFile}.next`, '{"v":1,"streams":{'),
  }
  for (const [name, damage] of Object.entries(damages)) {
    damage()
    world.got.length = 0
    await world.files.write(singleOutcome())
    const child = world.start()
    const last = world.wanted().at(-1) ?? ''
    await until(() => world.got.flat().includes(last))
    const ids = [...new Set(world.got.flat())]
    t.equal(ids.join(), world.wanted().slice(-ids.length).join(), name)
    await until(() => seqIn(world) === world.files.spool.lastSeq())
    await endChild(child)
  }
})

/** A process that has delivered everything. */
async function delivered(world: World): Promise<ChildProcess> {
  const child = world.start()
  await until(() => new Set(world.got.flat()).size === COUNT)
  await until(() => seqIn(world) === COUNT)
  return child
}

t.test('its file was compressed meanwhile: it goes on where it was', async (t) => {
  const world = await setUp(t)
  const killed = world.at(3, () => endChild(child))
  const child = world.start()
  await killed
  const wanted = world.wanted()
  const closed = closedPlainFiles(world.files.dir, 'n1-w0')
  t.ok(closed.length > 0)
  for (const file of closed) t.match(compressFile(file), { ok: true })
  const before = seqIn(world)
  world.got.length = 0
  world.start()
  await until(() => world.got.flat().length === COUNT - before)
  t.equal(world.got.flat().join(), wanted.slice(before).join())
})
