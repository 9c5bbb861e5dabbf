/** Does kill -9 ever lose a record? A real Weir under load is killed again and again; whatever it answered must be in its records. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { readLines } from '../src/audit/line-chunks.ts'
import { listSegments } from '../src/audit/segments.ts'
import { openStreamTail } from '../src/audit/tail-repair.ts'
import { freePort, KeepAlive, openTls } from './harness/client.ts'
import { type Section, table } from './harness/report.ts'
import { AI_HOST, openRig, type Rig, startNginx } from './harness/rig.ts'
import { quantile } from './harness/stats.ts'

const ROUNDS = 100
const CONNECTIONS = 16
/** A killing comes at any time up to this after the round's first answer. */
const KILL_MS = 1200
/** A slow machine needs its time to start; a Weir that answers nothing proves nothing. */
const FIRST_ANSWER_MS = 30_000
/** Small, so that files are closed and compressed while it goes on. */
const SEGMENT_BYTES = 1_048_576
const STREAM = 'n1-w0'
const GOAL_REPAIR_MS = 1000
const ROOT = fileURLToPath(new URL('../', import.meta.url))

interface World {
  readonly rig: Rig
  readonly dir: string
  readonly audit: string
  readonly port: number
}

interface Tally {
  /** Paths of requests that were answered with 200: their intents were acknowledged. */
  readonly acknowledged: Set<string>
  readonly repairMs: number[]
  /** Rounds whose kill left a torn line. */
  torn: number
}

async function setUp(rig: Rig): Promise<World> {
  const dir = join(rig.dir, 'weir')
  mkdirSync(dir)
  cpSync(join(ROOT, 'rules'), join(dir, 'rules'), { recursive: true })
  const port = await freePort()
  const config = {
    proxy: { listen: [`127.0.0.1:${port}`] },
    admin: { listen: `127.0.0.1:${await freePort()}` },
    upstream: {
      resolve: { [`${AI_HOST}:443`]: `${rig.address}:443` },
      extraRoots: [rig.certificates.originRoot],
    },
    inspect: { workers: 0 },
    audit: { segmentBytes: SEGMENT_BYTES },
  }
  writeFileSync(join(dir, 'weir.yaml'), stringify(config))
  return { rig, dir, audit: join(dir, 'data', 'audit'), port }
}

/** None may outlive this process, however it ends. */
let running: ChildProcess | null = null
process.once('exit', () => running?.kill('SIGKILL'))

interface Running {
  readonly child: ChildProcess
  readonly exited: Promise<unknown>
}

async function start({ dir }: World): Promise<Running> {
  const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), 'serve', '--json'], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running = child
  // Asked for at once: a child that ended before it is killed would be waited for without end.
  const exited = once(child, 'exit')
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    output += chunk.toString()
    // The banner comes last: everything is ready then.
    if (output.includes('"listen"')) {
      return { child, exited }
    }
  }
  throw new Error(`weir did not start:\n${output.slice(-4000)}`)
}

const BODY = JSON.stringify({ model: 'qwen-plus', input: 'Please say hello.' })

/** The path is in the record, and each request has one of its own. */
const request = (path: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: ${AI_HOST}\r\nUser-Agent: OpenAI/JS 6.49.0\r\n` +
  `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(BODY)}\r\n\r\n${BODY}`

/** Requests on one connection, one after the other, until it breaks. */
async function askUntilKilled(world: World, name: string, acknowledged: Set<string>): Promise<void> {
  const direct = { host: world.rig.address, port: 443 }
  try {
    const socket = await openTls({ proxyPort: world.port, direct }, AI_HOST, 443)
    socket.on('error', () => undefined)
    const connection = new KeepAlive(socket)
    for (let count = 0; ; count++) {
      const path = `/compatible-mode/v1/responses/${name}-${count}`
      const status = await connection.send(request(path))
      if (status !== 200) throw new Error(`status ${status}`)
      acknowledged.add(path)
    }
  } catch {
    // Killed, as it should be; what was answered before counts.
  }
}

async function killedRound(world: World, round: number, tally: Tally): Promise<void> {
  const { child, exited } = await start(world)
  child.stdout?.resume()
  const load = Array.from({ length: CONNECTIONS }, (_, index) =>
    askUntilKilled(world, `${round}-${index}`, tally.acknowledged),
  )
  await firstAnswer(tally)
  await sleep(Math.random() * KILL_MS)
  child.kill('SIGKILL')
  await exited
  await Promise.all(load)
  timeRepair(world, tally)
}

async function firstAnswer({ acknowledged }: Tally): Promise<void> {
  const before = acknowledged.size
  const until = performance.now() + FIRST_ANSWER_MS
  while (acknowledged.size === before) {
    if (performance.now() > until) throw new Error('Weir answers nothing')
    await sleep(2)
  }
}

/** On a copy: the next start repairs the files themselves. */
function timeRepair({ audit, rig }: World, tally: Tally): void {
  const newest = listSegments(audit)
    .filter(({ stream }) => stream === STREAM)
    .at(-1)
  if (newest === undefined) return
  const copy = mkdtempSync(join(rig.dir, 'copy-'))
  for (const file of [newest.events, newest.personal]) copyFileSync(file, join(copy, basename(file)))
  const from = performance.now()
  const { torn } = openStreamTail(copy, STREAM)
  tally.repairMs.push(performance.now() - from)
  if (torn.length > 0) tally.torn++
  rmSync(copy, { recursive: true })
}

/** Paths of all intents, compressed files included. */
function recordedPaths(audit: string): Set<string> {
  const paths = new Set<string>()
  for (const { events } of listSegments(audit)) {
    for (let offset = 0; ; ) {
      const chunk = readLines(events, offset, SEGMENT_BYTES)
      if (!chunk.ok || chunk.end === offset) break
      offset = chunk.end
      for (const line of chunk.lines) {
        const { phase, path } = JSON.parse(line) as { phase: string; path?: string }
        if (phase === 'intent' && path !== undefined) paths.add(path)
      }
    }
  }
  return paths
}

/** What `weir audit verify` says of the trail, chain and tree. */
function verify({ dir }: World): { readonly isWhole: boolean; readonly said: string } {
  try {
    const said = execFileSync(process.execPath, [join(ROOT, 'src/main.ts'), 'audit', 'verify'], {
      cwd: dir,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return { isWhole: true, said }
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    return { isWhole: false, said: `${stdout}${stderr}` }
  }
}

async function stopInOrder({ child, exited }: Running): Promise<void> {
  child.stdout?.resume()
  child.kill('SIGTERM')
  await exited
}

export async function run(rounds = ROUNDS): Promise<Section> {
  const rig = await openRig()
  try {
    await startNginx(rig)
    const world = await setUp(rig)
    const tally: Tally = { acknowledged: new Set(), repairMs: [], torn: 0 }
    for (let round = 0; round < rounds; round++) await killedRound(world, round, tally)
    // Once more to the end: it repairs the last tail, too.
    await stopInOrder(await start(world))
    const recorded = recordedPaths(world.audit)
    const lost = [...tally.acknowledged].filter((path) => !recorded.has(path)).length
    const { isWhole, said } = verify(world)
    if (!isWhole) console.error(said.slice(0, 4000))
    return section(rounds, tally, { lost, isWhole })
  } finally {
    await rig.close()
  }
}

function section(rounds: number, tally: Tally, { lost, isWhole }: { lost: number; isWhole: boolean }): Section {
  const { acknowledged, repairMs, torn } = tally
  const goal = (isMet: boolean): string => (isMet ? '' : ' **missed**')
  const slowest = Math.max(...repairMs)
  const rows = [
    ['rounds, each ended by SIGKILL under load', String(rounds), ''],
    ['requests answered with 200', String(acknowledged.size), ''],
    ['of these without their record', `${lost}${goal(lost === 0)}`, '0'],
    ['rounds that left a torn line', String(torn), ''],
    [
      'tail repair, median / slowest, ms',
      `${quantile(repairMs, 0.5).toFixed(1)} / ${slowest.toFixed(1)}${goal(slowest < GOAL_REPAIR_MS)}`,
      `< ${GOAL_REPAIR_MS}`,
    ],
    ['`weir audit verify` afterwards', isWhole ? 'whole' : 'BROKEN **missed**', 'whole'],
  ]
  return {
    name: 'kill',
    title: 'Records when the process is killed',
    body: `\`weir serve\` with ${CONNECTIONS} connections that ask a logged model API without pause, killed up to ${KILL_MS} ms after its first answer, started again over the same files (segments of ${SEGMENT_BYTES / 1_048_576} MiB, so that some are closed and compressed meanwhile). A request that got its answer must have its intent in the files.

${table(['what', 'measured', 'goal'], rows)}`,
  }
}
