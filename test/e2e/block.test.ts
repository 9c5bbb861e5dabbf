import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'
import { exchangeOnce, readUntil, tlsThrough } from '../helpers/wire-client.ts'

const curl = promisify(execFile)
const CLAUDE = 'claude-cli/2.1.330 (external, cli)'
const BODY = '{"model":"claude-opus-5-5","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}'

for (const [flag, version] of [
  ['--http1.1', 'HTTP/1.1'],
  ['--http2', 'HTTP/2'],
] as const) {
  t.test(
    `curl as Claude Code reads the notice, no upstream is asked, and one event tells it: ${version}`,
    async (t) => {
      const weir = await startWeir(t)
      const ca = join(weir.dir, 'ca.pem')
      writeFileSync(ca, weir.ca)
      const { stdout } = await curl('curl', [
        ...[
          '-sS',
          '-i',
          flag,
          '--proxy',
          `http://127.0.0.1:${weir.port}`,
          '--cacert',
          ca,
          '-H',
          `user-agent: ${CLAUDE}`,
        ],
        ...['-H', 'content-type: application/json', '-d', BODY, 'https://api.anthropic.com/v1/messages'],
      ])
      const answer = stdout.slice(stdout.lastIndexOf('HTTP/'))
      t.ok(answer.startsWith(`${version} 400 `), answer.slice(0, 40))
      t.match(answer, /x-should-retry: false/u)
      t.match(answer, /proxy-status: weir; error=http_request_denied/u)
      const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as {
        request_id: string
        error: { message: string }
      }
      t.match(body, { type: 'error', error: { type: 'invalid_request_error' } })
      t.match(
        body.error.message,
        /^Blocked by ACME policy: Claude Code is prohibited \(classed as high-risk software\)/u,
      )
      const [event, ...more] = flowEvents(await weir.waitForEvents((events) => flowEvents(events).length > 0))
      t.equal(more.length, 0)
      t.match(event, {
        flow: body.request_id,
        phase: 'outcome',
        tool: 'claude-code',
        toolVersion: '2.1.330',
        tier: 'prohibited',
        action: 'block',
        rule: 'assign:tool:claude-code',
        method: 'POST',
        path: '/v1/messages',
        status: 400,
        complete: true,
      })
      t.notMatch(
        JSON.stringify(event),
        /127\.0\.0\.1|"hi"/u,
        'neither the person nor the prompt is in the chained line',
      )
    },
  )
}

t.test('requests on one connection are decided one by one', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end('{"ok":true}'))
  const weir = await startWeir(t, { pins: { 'api.anthropic.com:443': origin.address }, roots: [pki.rootPem] })
  const socket = await tlsThrough(weir.port, 'api.anthropic.com:443', { ca: weir.ca })
  const request = (agent: string, more = ''): string =>
    `POST /v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\nUser-Agent: ${agent}\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n${more}\r\n${BODY}`
  socket.write(request('Anthropic/JS 1.12.0'))
  t.match(await readUntil(socket, (text) => text.includes('{"ok":true}')), /^HTTP\/1\.1 200/u)
  socket.write(request(CLAUDE))
  t.match(await readUntil(socket, (text) => text.includes('request_id')), /^HTTP\/1\.1 400/u)
  const last = await exchangeOnce(socket, request('Anthropic/JS 1.12.0', 'Connection: close\r\n'))
  t.equal(last.status, 200)
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= 5))
  t.strictSame(events.filter(({ phase, action }) => phase === 'outcome' && action === 'block').length, 1)
  t.equal(events.filter(({ phase, tool }) => phase === 'intent' && tool === 'anthropic-api').length, 2)
})
