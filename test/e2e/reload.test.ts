import { readFileSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'
import { readUntil, tlsThrough } from '../helpers/wire-client.ts'

const BODY = '{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
const POST = `POST /v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\nUser-Agent: curl/8.0\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`

interface World {
  readonly weir: TestWeir
  /** Responses of the origin that are not ended yet, oldest first. */
  readonly running: ServerResponse[]
  readonly open: () => Promise<TLSSocket>
  /** Writes the tier of `anthropic-api` into the policy file, as an editor would. */
  readonly setTier: (tier: string) => void
}

const policyFile = (weir: TestWeir): string => join(weir.dir, 'rules', 'policy.yaml')

/** `isEnded`: the origin answers whole; else it begins an event stream and leaves the end to the test. */
async function setUp(t: Test, isEnded: boolean): Promise<World> {
  const pki = await makePki(t)
  const running: ServerResponse[] = []
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    request.resume()
    if (isEnded) response.end('{"ok":true}')
    else {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: one\n\n')
      running.push(response)
    }
  })
  const weir = await startWeir(t, { pins: { 'api.anthropic.com:443': origin.address }, roots: [pki.rootPem] })
  const text = readFileSync(policyFile(weir), 'utf8')
  return {
    weir,
    running,
    open: () => tlsThrough(weir.port, 'api.anthropic.com:443', { ca: weir.ca }),
    setTier: (tier) =>
      writeFileSync(policyFile(weir), text.replace('assign:', `assign:\n  - { tool: anthropic-api, tier: ${tier} }`)),
  }
}

const configEvents = (events: Record<string, unknown>[]): Record<string, unknown>[] =>
  events.filter(({ phase, by }) => phase === 'config' && by !== 'start')

interface Policy {
  readonly revision: string
  readonly problems: readonly { readonly file: string; readonly line: number; readonly severity: string }[]
}

const errorsOf = ({ problems }: Policy): Policy['problems'] => problems.filter(({ severity }) => severity === 'error')

const policyOf = (weir: TestWeir): Promise<Policy> =>
  fetch(`http://127.0.0.1:${weir.adminPort}/api/v1/policy`, {
    headers: { authorization: `Bearer ${readFileSync(join(weir.dir, 'data', 'admin.token'), 'utf8').trim()}` },
  }).then((answer) => answer.json() as never)

/** One request on an open connection; resolves with the status. */
async function status(socket: TLSSocket): Promise<number> {
  socket.write(POST)
  const text = await readUntil(socket, (seen) => /\r\n\r\n(?:\{.*\}|.*\r\n0\r\n\r\n)$/su.test(seen))
  return Number(/^HTTP\/1\.1 (\d+)/u.exec(text)?.[1])
}

t.test('a changed tier counts for the next request of an open connection; a stream in flight goes on', async (t) => {
  const { weir, running, open, setTier } = await setUp(t, false)
  const streaming = await open()
  const kept = await open()
  for (const socket of [streaming, kept]) {
    socket.write(POST)
    await readUntil(socket, (text) => text.includes('data: one'))
  }
  running[1]?.end('data: end\n\n')
  await readUntil(kept, (text) => text.includes('0\r\n\r\n'))

  setTier('prohibited')
  await weir.waitForEvents((events) => configEvents(events).length > 0)
  t.equal(await status(kept), 400, 'the next request on the connection that was kept alive')
  running[0]?.write('data: two\n\n')
  t.match(await readUntil(streaming, (text) => text.includes('data: two')), /data: two/u)
  running[0]?.end('data: three\n\n')
  t.match(await readUntil(streaming, (text) => text.includes('0\r\n\r\n')), /data: three/u)
  t.equal(await status(streaming), 400, 'and on this one, now that its stream is over')

  const events = await weir.waitForEvents((all) => flowEvents(all).length >= 6)
  const [change] = configEvents(events)
  t.match(change, { what: 'policy', ok: true, problems: 0, by: 'file', from: /^sha256:/u, to: /^sha256:/u })
  t.not(change?.['from'], change?.['to'])
  const outcomes = flowEvents(events).filter(({ phase }) => phase === 'outcome')
  t.ok(outcomes.every(({ complete }) => complete === true))
  t.equal(running.length, 2, 'blocked requests never reached the origin')
  t.equal(
    flowEvents(events).find(({ action }) => action === 'block')?.['policyRevision'],
    (await policyOf(weir)).revision,
  )
})

t.test('a broken file keeps the old rules and is told everywhere; the repaired one counts', async (t) => {
  const { weir, open, setTier } = await setUp(t, true)
  const before = await policyOf(weir)
  const good = readFileSync(policyFile(weir), 'utf8')
  writeFileSync(policyFile(weir), good.replace('assign:\n', 'assign:\n  - { tool: nobody, tier: strictest }\n'))
  const events = await weir.waitForEvents((all) => configEvents(all).length > 0)
  t.match(configEvents(events), [{ what: 'policy', ok: false, to: null, by: 'file' }])
  const now = await policyOf(weir)
  t.equal(now.revision, before.revision)
  const errors = errorsOf(now)
  t.ok(
    errors.length > 0 && errors.every(({ file, line }) => file === 'rules/policy.yaml' && line > 30),
    'with file and line',
  )
  t.ok(weir.log.some((line) => line.includes('"event":"config.refused"') && line.includes('assign[0]')))
  const socket = await open()
  t.equal(await status(socket), 200, 'decided by the old rules')

  setTier('prohibited')
  await weir.waitForEvents((all) => configEvents(all).length > 1)
  t.equal(await status(socket), 400)
  t.strictSame(errorsOf(await policyOf(weir)), [])
})

t.test('of two fast changes the last one counts', async (t) => {
  const { weir, open, setTier } = await setUp(t, true)
  const socket = await open()
  setTier('approved')
  setTier('prohibited')
  await weir.waitForEvents((all) => configEvents(all).length > 0)
  await weir.app.reload('signal')
  t.equal(await status(socket), 400)
  setTier('prohibited')
  setTier('approved')
  await weir.app.reload('signal')
  t.equal(await status(socket), 200)
  const changes = configEvents(weir.events()).filter(({ what }) => what === 'policy')
  for (const [index, change] of changes.entries()) {
    if (index > 0) t.equal(change['from'], changes[index - 1]?.['to'], 'each change begins where the last one ended')
  }
})

t.test('a signal reloads, and answers also when nothing is new', async (t) => {
  const { weir } = await setUp(t, true)
  await weir.app.reload('signal')
  const events = await weir.waitForEvents((all) => configEvents(all).length > 0)
  t.match(configEvents(events), [{ what: 'rules', ok: true, by: 'signal' }])
})

t.test('under load no decision mixes two sets of rules', async (t) => {
  const { weir, open, setTier } = await setUp(t, true)
  const expected: Record<string, string> = { [(await policyOf(weir)).revision]: 'monitored' }
  let isOver = false
  let requests = 0
  const clients = Array.from({ length: 4 }, async () => {
    const socket = await open()
    while (!isOver) {
      t.match(String(await status(socket)), /^(?:200|400)$/u)
      requests++
    }
    socket.destroy()
  })
  for (const tier of ['prohibited', 'approved', 'restricted', 'prohibited', 'monitored', 'approved']) {
    setTier(tier)
    await weir.app.reload('signal')
    expected[(await policyOf(weir)).revision] = tier
  }
  isOver = true
  await Promise.all(clients)
  await weir.stop()
  const action: Record<string, string> = {
    approved: 'allow',
    monitored: 'log',
    restricted: 'redact',
    prohibited: 'block',
  }
  const decided = flowEvents(weir.events()).filter((event) => 'policyRevision' in event)
  t.equal(decided.length, requests, 'every request is recorded once with its decision')
  const mixed = decided.filter((event) => {
    const tier = expected[String(event['policyRevision'])]
    return tier === undefined || event['tier'] !== tier || event['action'] !== action[tier]
  })
  t.strictSame(mixed, [])
  t.ok(new Set(decided.map(({ policyRevision }) => policyRevision)).size > 1, 'more than one set of rules was at work')
})
