/** Two nodes' records merged into one folder: everything that reads a trail goes by stream, not by the one that is usual. */
import { execFile } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { addHold } from '../../src/audit/holds.ts'
import { listSegments, type Segment } from '../../src/audit/segments.ts'
import { Follower } from '../../src/audit/sinks/follow.ts'
import { createSpool } from '../../src/audit/spool.ts'
import { StoreEngine } from '../../src/audit/store-engine.ts'
import { verifyFolder } from '../../src/audit/tree/verify-folder.ts'
import type { AuditEvent } from '../../src/domain/audit-event.ts'
import { admin, followingOutcome, intent, tunnel } from '../audit/events.ts'
import { readAnyPerson } from '../audit/sinks/world.ts'
import { signTrail } from '../audit/tree/signed-trail.ts'
import { call } from '../cli/audit-call.ts'

const STREAMS = ['n1-w0', 'n2-w0'] as const
const at = (minute: number): string => new Date(Date.UTC(2026, 10, 22, 10, minute)).toISOString()

interface Merged {
  readonly data: string
  readonly dir: string
  readonly keys: readonly string[]
  /** Flows of both, in the order of their times. */
  readonly flows: readonly string[]
  readonly write: (stream: string, ...events: readonly AuditEvent[]) => Promise<void>
  readonly sign: (stream: string, size: number) => string
  readonly of: (stream: string) => Segment[]
}

/** Each has an exchange of two records and a tunnel; one file a record. */
async function merged(t: Test): Promise<Merged> {
  const data = t.testdir({})
  const dir = join(data, 'audit')
  const flows: string[] = []
  const write = async (stream: string, ...events: readonly AuditEvent[]): Promise<void> => {
    const spool = createSpool({ dir, stream, segmentBytes: 1 })
    for (const event of events) await spool.append(event)
    await spool.close()
  }
  const sign = (stream: string, size: number): string =>
    signTrail(dir, join(data, 'keys', 'checkpoint.key'), [size], stream)
  const keys: string[] = []
  for (const [index, stream] of STREAMS.entries()) {
    const first = intent({ time: at(index) })
    const second = tunnel({ time: at(index + 2) })
    flows[index] = first.flow
    flows[index + 2] = second.flow
    await write(stream, first, followingOutcome({ flow: first.flow, time: at(index) }), second)
    keys.push(sign(stream, 3))
  }
  const of = (stream: string): Segment[] => listSegments(dir).filter((one) => one.stream === stream)
  return { data, dir, keys, flows, write, sign, of }
}

const program = (name: string, ...args: string[]): Promise<{ code: number; stdout: string }> =>
  new Promise((resolve) => {
    const file = fileURLToPath(new URL(`../../verify/${name}`, import.meta.url))
    execFile(process.execPath, [file, ...args], (error, stdout) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout }),
    )
  })

const keyFlags = (keys: readonly string[]): string[] => keys.flatMap((key) => ['--key', key])

t.test('both are verified, each with its own key, and a change is named in the one that has it', async (t) => {
  const all = await merged(t)
  const both = (...args: string[]) =>
    Promise.all([call('/', 'verify', all.dir, ...args), program('weir-verify.mjs', all.dir, ...args)])
  for (const result of await both(...keyFlags(all.keys), '--anchor', join(all.dir, 'tree')))
    t.match(result, { code: 0, stdout: /n1-w0: whole, 3 records[\s\S]*n2-w0: whole, 3 records/ })
  for (const result of await both(...keyFlags(all.keys.slice(0, 1))))
    t.match(result, { code: 1, stdout: /n1-w0: whole[\s\S]*n2-w0: BROKEN/ }, 'no key for the second')
  const [, second] = all.of('n2-w0')
  writeFileSync(second!.events, readFileSync(second!.events, 'utf8').replace('"status":200', '"status":201'))
  for (const result of await both(...keyFlags(all.keys)))
    t.match(result, { code: 1, stdout: /n1-w0: whole[\s\S]*n2-w0: BROKEN[\s\S]*CHANGED: events-n2-w0-000000000002/ })
})

t.test('files that a running Weir begins while another stream is read are not missing', async (t) => {
  const all = await merged(t)
  const dir = join(all.data, 'running', 'audit')
  cpSync(all.dir, dir, { recursive: true })
  await all.write('n2-w0', tunnel({ time: at(4) }))
  all.sign('n2-w0', 4)
  const begun = verifyFolder(dir)
  cpSync(all.dir, dir, { recursive: true })
  t.match(await begun, [
    { stream: 'n1-w0', problems: [] },
    { stream: 'n2-w0', lastSeq: 4, signed: 4, problems: [] },
  ])
})

t.test('old records that a running Weir removes meanwhile are not missing', async (t) => {
  const all = await merged(t)
  const dir = join(all.data, 'running', 'audit')
  cpSync(all.dir, dir, { recursive: true })
  const after = { gone: [[2, 2]] }
  await all.write('n1-w0', admin({ time: at(5), operation: 'retention.remove', target: 'n1-w0', after }))
  all.sign('n1-w0', 4)
  const begun = verifyFolder(dir)
  cpSync(all.dir, dir, { recursive: true })
  const [, second] = listSegments(dir)
  for (const file of [second!.events, second!.personal]) rmSync(file)
  t.match(await begun, [{ stream: 'n1-w0', lastSeq: 4, problems: [] }, { stream: 'n2-w0' }])
})

t.test('a record is proved by the tree of its own stream', async (t) => {
  const all = await merged(t)
  const { data } = all
  const proof = join(data, 'proof')
  t.match(await call(data, 'prove', all.flows[1]!, '--out', proof, '--data', '.'), { code: 0 })
  for (const name of [proof, `${proof}.2`]) {
    t.match(await call(data, 'prove', '--check', name, '--key', all.keys[1]!), { code: 0, stdout: /n2-w0/ })
    t.match(await call(data, 'prove', '--check', name, '--key', all.keys[0]!), { code: 1, stdout: /^BAD/ })
    t.match(await program('weir-verify.mjs', '--proof', name, '--key', all.keys[1]!), { code: 0 })
  }
  await all.write('n2-w0', tunnel())
  all.sign('n2-w0', 4)
  const range = ['prove', '--consistency', '3', '4', '--data', '.', '--out', proof]
  t.match(await call(data, ...range), { code: 2, stderr: /several streams: name one with --stream: n1-w0, n2-w0/ })
  t.match(await call(data, ...range, '--stream', 'n3-w0'), { code: 1, stderr: /no stream `n3-w0`/ })
  t.match(await call(data, ...range, '--stream', '../tree/n2-w0'), { code: 1, stderr: /no stream/ })
  t.match(await call(data, ...range, '--stream', 'n2-w0'), { code: 0 })
  t.match(await call(data, 'prove', '--check', proof, '--key', all.keys[1]!), { code: 0 })
})

t.test('the verifier key of each stream is told, also of one that another installation signed', async (t) => {
  const all = await merged(t)
  t.match(await call(all.data, 'key', '--data', '.', '--json'), {
    code: 0,
    stdout: `${JSON.stringify({ keys: all.keys })}\n`,
  })
  await all.write('n3-w0', tunnel())
  const other = signTrail(all.dir, join(all.data, 'other.key'), [1], 'n3-w0')
  const told = await call(all.data, 'key', '--data', '.')
  t.match(told, { code: 0, stdout: [...all.keys, other].map((key) => `${key}\n`).join('') })
  t.match(told.stderr, /n3-w0.*another key.*compare/)
  t.match(await call('/', 'verify', all.dir, ...keyFlags([...all.keys, other])), { code: 0 })
})

t.test('queries and exports have the records of both in the order of their times', async (t) => {
  const all = await merged(t)
  const exported = await call(all.data, 'export', '--data', '.')
  const lines = exported.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { flow: string })
  t.strictSame([...new Set(lines.map(({ flow }) => flow))], all.flows)
  const asked = await call(all.data, 'query', 'stream:n2-w0', '--json', '--data', '.')
  t.match(asked, { code: 0 })
  for (const flow of all.flows) t.equal(asked.stdout.includes(flow), [all.flows[1], all.flows[3]].includes(flow))
})

t.test('retention goes by stream, and a hold that reaches into one leaves the other alone', async (t) => {
  const all = await merged(t)
  await all.write('n1-w0', tunnel({ time: at(20) }))
  await all.write('n2-w0', tunnel({ time: at(20) }))
  const engine = new StoreEngine({ dir: all.dir, file: join(all.data, 'store.sqlite') })
  t.teardown(() => {
    engine.close()
  })
  engine.catchUp(60_000)
  const hold = { reason: 'case 7', by: 'cli:root', at: at(20), since: at(1), until: at(2), subject: null }
  addHold(all.data, hold)
  engine.retain(Date.parse(at(10)))
  t.strictSame(
    all.of('n1-w0').map(({ firstSeq }) => firstSeq),
    [4],
  )
  t.ok(
    all.of('n2-w0').some(({ firstSeq }) => firstSeq <= 2),
    'what is held stays',
  )
  const [n1, n2] = await verifyFolder(all.dir)
  t.match(n1, { firstSeq: 4, problems: [{ kind: 'removed', seq: 1 }] }, 'which no record says here')
  t.match(n2, { stream: 'n2-w0', lastSeq: 4 })
})

t.test('a sink gets both, and goes on in each where it stood', async (t) => {
  const all = await merged(t)
  const follow = (cursors: ConstructorParameters<typeof Follower>[0]['cursors']) => {
    const follower = new Follower({
      dir: all.dir,
      cursors,
      durable: () => null,
      readPerson: readAnyPerson,
      onProblem: ({ kind }) => t.fail(kind),
    })
    return follower.next(100, 1e6)
  }
  const first = follow({})
  t.strictSame(first.map(({ stream, cursor }) => `${stream}/${cursor.seq}`).toSorted(), [
    ...[1, 2, 3].map((seq) => `n1-w0/${seq}`),
    ...[1, 2, 3].map((seq) => `n2-w0/${seq}`),
  ])
  const cursors = Object.fromEntries(first.slice(0, 4).map(({ stream, cursor }) => [stream, cursor]))
  await all.write('n1-w0', tunnel())
  const rest = follow(cursors)
  t.strictSame(rest.map(({ stream, cursor }) => `${stream}/${cursor.seq}`).toSorted(), [
    'n1-w0/4',
    'n2-w0/2',
    'n2-w0/3',
  ])
})

t.test('an evidence pack proves the records of both', async (t) => {
  const all = await merged(t)
  const pack = join(all.data, 'pack.zip')
  const range = ['--from', '2026-11-22', '--to', '2026-11-23']
  t.match(await call(all.data, 'report', ...range, '--out', pack, '--data', '.', '--lang', 'en'), { code: 0 })
  for (const key of all.keys) {
    const checked = await program('weir-verify-pack.mjs', pack, '--key', key)
    t.match(checked, { code: 0, stdout: /n1-w0[\s\S]*n2-w0/ }, checked.stdout)
  }
})
