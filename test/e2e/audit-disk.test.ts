/** The disk of the records really fills up, and files of theirs really break: a small file system of its own, where the tests may mount one. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { run as runAudit } from '../../src/cli/audit.ts'
import { fakeIo } from '../cli/fake-io.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { readEvents, startWeir, type TestWeir, type TestWeirOptions } from '../helpers/weir.ts'
import { exchangeOnce, tlsThrough } from '../helpers/wire-client.ts'

interface Question {
  readonly host: string
  readonly path: string
  readonly agent: string
  readonly body: unknown
}

const messages = [{ role: 'user', content: 'hi' }]
const CURL = 'curl/8.0'
const anthropic = { host: 'api.anthropic.com', path: '/v1/messages', body: { model: 'm', max_tokens: 9, messages } }
const openai = { host: 'api.openai.com', path: '/v1/chat/completions', body: { model: 'm', messages } }
const gemini = {
  host: 'generativelanguage.googleapis.com',
  path: '/v1beta/models/gemini-pro:generateContent',
  body: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
}
const BY_TIER = {
  restricted: { ...anthropic, agent: CURL },
  prohibited: { ...anthropic, agent: 'claude-cli/2.1.330 (external, cli)' },
  approved: { ...openai, agent: CURL },
  monitored: { ...gemini, agent: CURL },
} as const satisfies Readonly<Record<string, Question>>

const POLICY = {
  policy: (text: string): string =>
    text.replace(
      'assign:',
      ['assign:', '{ tool: anthropic-api, tier: restricted }', '{ tool: openai-api, tier: approved }'].join('\n  - '),
    ),
}

async function ask(weir: TestWeir, { host, path, agent, body }: Question) {
  const socket = await tlsThrough(weir.port, `${host}:443`, { ca: weir.ca })
  const text = JSON.stringify(body)
  return exchangeOnce(
    socket,
    `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: ${agent}\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
  )
}

async function setUp(t: Test, options: TestWeirOptions = {}): Promise<TestWeir> {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    request.resume()
    response.end('{"ok":true}')
  })
  const hosts = [anthropic.host, openai.host, gemini.host]
  const pins = Object.fromEntries(hosts.map((host) => [`${host}:443`, origin.address]))
  return startWeir(t, { pins, roots: [pki.rootPem], ...POLICY, ...options })
}

/** A file system of 16 MiB, or `null` where none may be mounted. */
function smallDisk(t: Test): string | null {
  const dir = mkdtempSync(join(tmpdir(), 'weir-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', dir], { stdio: 'ignore' })
  } catch {
    rmSync(dir, { recursive: true })
    return null
  }
  t.teardown(() => {
    execFileSync('umount', ['-l', dir])
    rmSync(dir, { recursive: true })
  })
  return dir
}

function fill(file: string): void {
  const fd = openSync(file, 'w')
  try {
    for (let size = 65_536; size >= 512; size /= 2) writeUntilFull(fd, Buffer.alloc(size))
  } finally {
    closeSync(fd)
  }
}

function writeUntilFull(fd: number, bytes: Buffer): void {
  for (;;) {
    try {
      writeSync(fd, bytes)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return
      throw error
    }
  }
}

const page = async (weir: TestWeir, path: string) => fetch(`http://127.0.0.1:${weir.adminPort}${path}`)

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 20))
}

t.test(
  'a disk that is really full: each tier does what its policy says, and afterwards the records tell of it',
  async (t) => {
    const data = smallDisk(t)
    if (data === null) {
      t.comment('no file system may be mounted here: skipped')
      return
    }
    const dir = join(data, 'audit')
    const weir = await setUp(t, { config: { data: { dir: data } } })
    t.equal((await ask(weir, BY_TIER.restricted)).status, 200)
    const filler = join(data, 'filler')
    fill(filler)
    // The last page of a file may have room for a record or two.
    let refused = await ask(weir, BY_TIER.restricted)
    for (let round = 0; round < 50 && refused.status === 200; round++) refused = await ask(weir, BY_TIER.restricted)
    t.equal(refused.status, 503)
    t.match(refused.body, /audit-unavailable/)
    const blocked = await ask(weir, BY_TIER.prohibited)
    t.equal(blocked.status, 400, 'a block is answered as one')
    const { request_id: flow } = JSON.parse(blocked.body) as { request_id: string }
    t.equal((await ask(weir, BY_TIER.monitored)).status, 200)
    t.equal((await ask(weir, BY_TIER.approved)).status, 200)
    const ready = await page(weir, '/readyz')
    t.equal(ready.status, 503)
    t.match(await ready.json(), { ready: false, checks: { spool: false } })
    t.match(await (await page(weir, '/metrics')).text(), /^weir_audit_writable(?:\{[^}]*\})? 0$/mu)
    t.ok(weir.log.some((line) => line.includes('"audit.block-unwritten"') && line.includes(flow)))
    rmSync(filler)
    const gap = ({ operation }: Record<string, unknown>): boolean => operation === 'audit.gap'
    await until(() => readEvents(dir).some(gap))
    await until(async () => ((await (await page(weir, '/readyz')).json()) as { ready: boolean }).ready)
    t.equal((await ask(weir, BY_TIER.restricted)).status, 200)
    await weir.stop()
    const events = readEvents(dir)
    t.match(events.find(gap), { phase: 'admin', actor: 'weir', target: 'n1-w0', after: { why: /ENOSPC/, lost: 0 } })
    const counts = events.find(gap)?.['after'] as { waited: number; refused: number }
    t.ok(counts.waited >= 3 && counts.refused >= 1, JSON.stringify(counts))
    t.match(
      events.find((event) => event['flow'] === flow),
      { phase: 'outcome', action: 'block', status: 400 },
    )
    const tools = events.filter(({ phase }) => phase === 'outcome' || phase === 'intent').map(({ tool }) => tool)
    for (const tool of ['gemini-api', 'openai-api', 'claude-code']) t.ok(tools.includes(tool), tool)
    const io = fakeIo(weir.dir)
    t.equal(await runAudit(['verify', dir], io), 0, io.out() + io.err())
  },
)

t.test('closed files are compressed; a damaged one is named, and everything else is answered', async (t) => {
  const weir = await setUp(t, { config: { audit: { segmentBytes: 2048 } } })
  const data = join(weir.dir, 'data')
  const dir = join(data, 'audit')
  const compressed = () => readdirSync(dir).filter((name) => name.endsWith('.zst'))
  const flows: string[] = []
  for (let round = 0; round < 40 && compressed().length < 3; round++) {
    const { body } = await ask(weir, BY_TIER.prohibited)
    flows.push((JSON.parse(body) as { request_id: string }).request_id)
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
  t.ok(compressed().length >= 3, `${compressed().length} compressed`)
  t.ok(weir.log.some((line) => line.includes('"audit.segment-compressed"')))
  await weir.stop()
  const query = async (): Promise<{ code: number; out: string; err: string }> => {
    const io = fakeIo(weir.dir)
    const code = await runAudit(['query', '--data', data, '--tool', 'claude-code', '--limit', '500', '--json'], io)
    return { code, out: io.out(), err: io.err() }
  }
  const found = ({ out }: { out: string }) => flows.filter((flow) => out.includes(flow)).length
  const whole = await query()
  t.equal(whole.code, 0, whole.err)
  t.equal(found(whole), flows.length)
  const [damaged = ''] = compressed().slice(1)
  writeFileSync(join(dir, damaged), 'garbage')
  // Without the store, which knew them already.
  for (const name of readdirSync(data)) if (name.startsWith('store.sqlite')) rmSync(join(data, name))
  const rest = await query()
  t.equal(rest.code, 1)
  t.match(rest.err, new RegExp(`${damaged}\` cannot be read: .*: the answer is without it`))
  t.ok(found(rest) > 0 && found(rest) < flows.length, `${found(rest)} of ${flows.length}`)
})
