import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { run as runAudit } from '../../src/cli/audit.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'
import { exchangeOnce, tlsThrough } from '../helpers/wire-client.ts'
import { fakeIo } from './fake-io.ts'

const HOST = 'api.anthropic.com'
/** Assembled so that no scanner of this repository takes it for a real one. */
const AWS_KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')
const ANSWER = `{"model":"claude-x","content":[{"type":"text","text":"an answer with ${AWS_KEY}"}],"usage":{}}`

async function setUp(t: Test) {
  const auditors = mkdtempSync(join(tmpdir(), 'weir-auditors-'))
  t.teardown(() => rmSync(auditors, { recursive: true, force: true }))
  for (const name of ['ann', 'ben', 'cho']) {
    await runAudit(['auditor-key', '--name', name, '--out', name], fakeIo(auditors))
  }
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER))
  })
  const weir = await startWeir(t, {
    pins: { [`${HOST}:443`]: origin.address },
    roots: [pki.rootPem],
    config: {
      audit: {
        seal: { auditors: ['ann', 'ben', 'cho'].map((name) => join(auditors, `${name}.pub.json`)), threshold: 2 },
      },
    },
    policy: (text) =>
      text
        .replace('assign:', 'assign:\n  - { tool: anthropic-api, tier: restricted }')
        .replace('    reversible: true', '    reversible: true\n    seal: exchange'),
  })
  const call = async (...args: string[]) => {
    const io = fakeIo(auditors)
    const place = ['--config', join(weir.dir, 'weir.yaml'), '--admin', `http://127.0.0.1:${weir.adminPort}`]
    const takesPlace = args[0] === 'open' || args[0] === 'read'
    return { code: await runAudit([...args, ...(takesPlace ? place : [])], io), out: io.out(), err: io.err() }
  }
  return { weir, auditors, call }
}

async function ask(weir: TestWeir, text: string): Promise<void> {
  const body = JSON.stringify({ model: 'claude-x', messages: [{ role: 'user', content: text }] })
  const socket = await tlsThrough(weir.port, `${HOST}:443`, { ca: weir.ca })
  const head = `POST /v1/messages HTTP/1.1\r\nHost: ${HOST}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`
  socket.write(`${head}Connection: close\r\n\r\n`)
  await exchangeOnce(socket, body)
}

/** Everything below a folder as one text. */
const everything = (dir: string): string =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'))
    .join('\n')

t.test('two of three auditors together read what was sealed, without its secrets; each step is recorded', async (t) => {
  const { weir, auditors, call } = await setUp(t)
  await ask(weir, `the merger plan, key ${AWS_KEY}`)
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= 2))
  const outcome = events.find(({ phase }) => phase === 'outcome')
  t.match(outcome, {
    sealed: [
      { part: 'request', digest: /^\w{64}$/ },
      { part: 'response', digest: /^\w{64}$/ },
    ],
  })
  t.notMatch(everything(join(weir.dir, 'data')), /merger plan|AKIA/)

  const flow = String(outcome?.['flow'])
  t.match(await call('open', flow, '--reason', 'case 7', '--out', 'case'), { code: 0, out: /2 of ann, ben, cho/ })
  t.equal((await call('share', 'case', '--key', 'ann', '--out', 'ann.share')).code, 0)
  t.match(await call('read', 'case', '--share', 'ann.share'), { code: 1, err: /2 shares are needed/ })
  t.equal((await call('share', 'case', '--key', 'cho', '--out', 'cho.share')).code, 0)
  const read = await call('read', 'case', '--share', 'ann.share', '--share', 'cho.share')
  t.equal(read.code, 0)
  t.match(read.out, /== request, application\/json\n.*the merger plan, key WEIR/)
  t.match(read.out, /== response, application\/json\n.*an answer with WEIR/)
  t.notMatch(read.out, /AKIA/)
  const admin = await weir.waitForEvents((all) => all.some(({ operation }) => operation === 'content.read'))
  t.match(
    admin.filter(({ phase }) => phase === 'admin'),
    [
      { operation: 'content.open', target: flow, after: { reason: 'case 7', texts: 2, changed: 0, gone: 0 } },
      { operation: 'content.read', target: flow, after: { reason: 'case 7', auditors: [/^ann /, /^cho /] } },
    ],
  )

  const unsealed = String(events.find(({ phase }) => phase === 'intent')?.['id'])
  t.equal((await call('open', 'nobody', '--reason', 'r', '--out', 'x')).code, 1)
  t.equal((await call('open', unsealed, '--reason', 'r', '--out', 'case2')).code, 0, 'by a record id as well')
  t.equal((await call('open', flow, '--reason', 'r', '--out', 'case')).code, 3, 'no case is written over')
  await weir.stop()
  t.equal((await call('read', 'case', '--share', 'ann.share', '--share', 'cho.share')).code, 3, 'unrecorded, unread')
  writeFileSync(join(auditors, 'bad.share'), '{}')
  t.equal((await call('read', 'case', '--share', 'bad.share')).code, 3)
  t.equal((await call('read', 'case')).code, 2)
})
