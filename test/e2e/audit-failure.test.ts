import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { run as runAudit } from '../../src/cli/audit.ts'
import { fakeIo } from '../cli/fake-io.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeir, type TestWeirOptions } from '../helpers/weir.ts'
import { exchangeOnce, tlsThrough } from '../helpers/wire-client.ts'

const CLAUDE = 'claude-cli/2.1.330 (external, cli)'
const body = (text: string): string =>
  JSON.stringify({ model: 'claude-x', max_tokens: 9, messages: [{ role: 'user', content: text }] })

async function ask(weir: TestWeir, { agent = 'curl/8.0', text = 'hi', headers = '' } = {}) {
  const socket = await tlsThrough(weir.port, 'api.anthropic.com:443', { ca: weir.ca })
  const bytes = body(text)
  return exchangeOnce(
    socket,
    `POST /v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\nUser-Agent: ${agent}\r\nContent-Type: application/json\r\nContent-Length: ${bytes.length}\r\n${headers}Connection: close\r\n\r\n${bytes}`,
  )
}

interface World {
  readonly weir: TestWeir
  /** What lay in the event files when each request reached the origin. */
  readonly seen: string[]
}

async function setUp(t: Test, options: TestWeirOptions = {}): Promise<World> {
  const pki = await makePki(t)
  const seen: string[] = []
  let auditDir = ''
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    seen.push(statSync(auditDir).isDirectory() ? eventText(auditDir) : '')
    request.resume()
    response.end('{"ok":true}')
  })
  const weir = await startWeir(t, {
    pins: { 'api.anthropic.com:443': origin.address },
    roots: [pki.rootPem],
    ...options,
  })
  auditDir = join(weir.dir, 'data', 'audit')
  return { weir, seen }
}

function eventText(dir: string): string {
  const names = readdirSync(dir).filter(isEventFile)
  return names.map((name) => readFileSync(join(dir, name), 'utf8')).join('')
}

const withTier = (tier: string, onAuditFailure: string | null = null) => ({
  policy: (text: string): string => {
    const assigned = text.replace('assign:', `assign:\n  - { tool: anthropic-api, tier: ${tier} }`)
    if (onAuditFailure === null) return assigned
    const parts = assigned.split(`\n  ${tier}:\n`)
    return parts
      .join(`\n  ${tier}:\n`)
      .replace(new RegExp(`(\\n  ${tier}:\\n[\\s\\S]*?onAuditFailure: )\\w+`, 'u'), `$1${onAuditFailure}`)
  },
  // Plain files: what is compressed meanwhile stands in audit-disk.test.ts.
  config: { audit: { segmentBytes: SEGMENT_BYTES, compress: false } },
})

const isEventFile = (name: string): boolean => name.endsWith('.jsonl') && !name.startsWith('personal')

/** The newest event file is full once it holds this much: the next record then needs a new one. */
const SEGMENT_BYTES = 1024

/**
 * Fill the newest event file by blocked requests, then take the folder away: a file has its name.
 * Returns what brings it back.
 */
async function breakDisk(weir: TestWeir): Promise<() => void> {
  const dir = join(weir.dir, 'data', 'audit')
  await ask(weir)
  await weir.waitForEvents((events) => flowEvents(events).length >= 2)
  const newest = (): string => readdirSync(dir).filter(isEventFile).sort().at(-1) ?? ''
  for (let count = 3; statSync(join(dir, newest())).size < SEGMENT_BYTES; count++) {
    await ask(weir, { agent: CLAUDE })
    await weir.waitForEvents((events) => flowEvents(events).length >= count)
  }
  renameSync(dir, `${dir}.away`)
  writeFileSync(dir, '')
  return () => {
    rmSync(dir)
    renameSync(`${dir}.away`, dir)
  }
}

const readiness = async (weir: TestWeir): Promise<{ status: number; spool: boolean }> => {
  const answer = await fetch(`http://127.0.0.1:${weir.adminPort}/readyz`)
  const { checks } = (await answer.json()) as { checks: { spool: boolean } }
  return { status: answer.status, spool: checks.spool }
}

async function verify(weir: TestWeir): Promise<string> {
  const io = fakeIo(weir.dir)
  const code = await runAudit(['verify', join(weir.dir, 'data', 'audit')], io)
  return `${code} ${io.out()}${io.err()}`
}

t.test('the intent is on disk before the upstream sees the request, for log and redact', async (t) => {
  for (const tier of ['monitored', 'restricted']) {
    const { weir, seen } = await setUp(t, withTier(tier))
    for (let round = 0; round < 3; round++) t.equal((await ask(weir)).status, 200)
    t.equal(seen.length, 3)
    for (const [index, text] of seen.entries()) {
      const intents = text.split('\n').filter((line) => line.includes('"phase":"intent"'))
      t.equal(intents.length, index + 1, `${tier}: request ${index + 1}`)
    }
    await weir.stop()
  }
})

t.test('closed: without a record nothing goes out; the client hears 503 and when to try again', async (t) => {
  const { weir, seen } = await setUp(t, withTier('restricted'))
  const repair = await breakDisk(weir)
  const refused = await ask(weir)
  t.equal(refused.status, 503)
  t.match(refused.head, /retry-after: 5/u)
  t.match(refused.head, /x-weir-event: 01/u)
  t.match(JSON.parse(refused.body), { error: { code: 'audit-unavailable' }, status: 503 })
  t.equal(seen.length, 1, 'only the request before the failure reached the origin')
  t.strictSame(await readiness(weir), { status: 503, spool: false })
  repair()
  const { event } = JSON.parse(refused.body) as { event: string }
  const events = flowEvents(await weir.waitForEvents((all) => all.some(({ flow }) => flow === event)))
  t.match(
    events.find(({ flow }) => flow === event),
    {
      phase: 'outcome',
      action: 'redact',
      status: 503,
      error: { code: 'audit-unavailable', side: 'weir' },
      complete: false,
    },
  )
  t.equal((await ask(weir)).status, 200, 'and on as before once the disk is back')
  t.match(await readiness(weir), { spool: true })
  await weir.stop()
  t.match(await verify(weir), /^0 /u, 'the chain is whole')
})

t.test('spool and open: requests go on, their records wait in memory and reach the disk in order', async (t) => {
  for (const mode of ['spool', 'open']) {
    const { weir, seen } = await setUp(t, withTier('monitored', mode))
    const repair = await breakDisk(weir)
    for (let round = 0; round < 3; round++) t.equal((await ask(weir)).status, 200, mode)
    t.equal(seen.length, 4)
    t.ok(weir.log.some((line) => line.includes('"event":"audit.intent-failed"') && line.includes(`"mode":"${mode}"`)))
    const metrics = await (await fetch(`http://127.0.0.1:${weir.adminPort}/metrics`)).text()
    t.match(metrics, new RegExp(`weir_audit_failures_total\\{mode="${mode}"\\} [123]`, 'u'))
    repair()
    const isKept = (all: Record<string, unknown>[]): boolean =>
      all.filter(({ action }) => action === 'log').length === 4
    await weir.waitForEvents(isKept)
    await weir.stop()
    const flows = flowEvents(weir.events()).filter(({ action }) => action !== 'block')
    t.equal(flows.filter(({ phase }) => phase === 'intent').length, 4, 'no record is lost')
    t.equal(flows.filter(({ phase }) => phase === 'outcome').length, 4)
    t.match(await verify(weir), /^0 /u, 'the chain is whole')
  }
})

t.test('a prohibited tool is blocked with its notice also while no record can be written', async (t) => {
  const { weir, seen } = await setUp(t, withTier('restricted'))
  const repair = await breakDisk(weir)
  const blocked = await ask(weir, { agent: CLAUDE })
  t.equal(blocked.status, 400)
  t.match(blocked.body, /Blocked by ACME policy: Claude Code is prohibited/u)
  t.equal(seen.length, 1)
  repair()
  const { request_id: id } = JSON.parse(blocked.body) as { request_id: string }
  const events = await weir.waitForEvents((all) => all.some(({ flow }) => flow === id))
  t.match(
    events.find(({ flow }) => flow === id),
    { phase: 'outcome', tool: 'claude-code', status: 400 },
  )
})

t.test('what waits in memory at a stop is written when the disk is back by then', async (t) => {
  const { weir } = await setUp(t, withTier('monitored'))
  const repair = await breakDisk(weir)
  t.equal((await ask(weir)).status, 200)
  repair()
  await weir.stop()
  t.equal(flowEvents(weir.events()).filter(({ action }) => action === 'log').length, 2)
})
