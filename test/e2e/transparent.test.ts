/**
 * Redirected connections, for real: this file runs itself again in a network namespace of its own, where Weir is the
 * gateway of a client in a second namespace and nftables sends the client's web connections to the transparent listener.
 */
import { execFile, spawn } from 'node:child_process'
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { skipWithoutDebian } from '../helpers/debian.ts'
import { endChild } from '../helpers/end-child.ts'
import { startHttpOrigin, startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'

const run = promisify(execFile)
/** As an argument, not a variable: what is started in there must not start itself again. */
const INSIDE = 'inside'
const CLAUDE = 'claude-cli/2.1.330 (external, cli)'
const BODY = '{"model":"claude-opus-5-5","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}'

if (process.argv[2] === INSIDE) await insideNamespace()
else {
  const missing = skipWithoutDebian('unshare', 'nsenter', 'ip', 'nft', 'curl')
  const isRefused = process.getuid?.() !== 0 && process.env['CI'] !== 'true'
  const command = ['--net', process.execPath, fileURLToPath(import.meta.url), INSIDE]
  await t.spawn('unshare', command, { skip: missing === false && isRefused ? 'not root' : missing }, 'in a namespace')
}

/** A client in a namespace of its own, whose only way out is this one. Returns how to run a program there. */
async function clientNamespace(
  t: Test,
): Promise<(...command: string[]) => Promise<{ stdout: string; stderr: string }>> {
  const holder = spawn('unshare', ['--net', 'sleep', '300'], { stdio: 'ignore' })
  t.teardown(() => endChild(holder))
  const pid = String(holder.pid)
  const own = readlinkSync('/proc/self/ns/net')
  const there = `--net=/proc/${pid}/ns/net`
  for (let tries = 0; readlinkSync(`/proc/${pid}/ns/net`) === own; tries++) {
    if (tries > 500) throw new Error('the namespace of the client did not come')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const inside = (...command: string[]) => run('nsenter', [there, ...command])
  await run('ip', ['link', 'set', 'lo', 'up'])
  await run('ip', ['link', 'add', 'weir0', 'type', 'veth', 'peer', 'name', 'client0'])
  await run('ip', ['link', 'set', 'client0', 'netns', pid])
  await run('ip', ['addr', 'add', '10.99.0.1/24', 'dev', 'weir0'])
  await run('ip', ['link', 'set', 'weir0', 'up'])
  await inside('ip', 'addr', 'add', '10.99.0.2/24', 'dev', 'client0')
  await inside('ip', 'link', 'set', 'client0', 'up')
  await inside('ip', 'route', 'add', 'default', 'via', '10.99.0.1')
  return inside
}

async function insideNamespace(): Promise<void> {
  const client = await clientNamespace(t)
  const pki = await makePki(t)
  const secure = await startHttpsOrigin(t, pki, (request, response) => response.end(JSON.stringify(request.rawHeaders)))
  const plain = await startHttpOrigin(t, (request, response) => response.end(`plain ${request.headers.host ?? ''}`))
  const weir = await startWeir(t, {
    pins: {
      'news.example:443': secure.address,
      'news.example:80': plain.address,
      'loop.example:443': '198.51.100.9:443',
    },
    roots: [pki.rootPem],
    config: {
      proxy: { networks: ['10.99.0.0/24'], transparent: ['0.0.0.0:0'] },
      audit: { tunnels: 'all' },
    },
  })
  const port = weir.addresses.transparent[0]?.port ?? 0
  // The last rule is the mistake that makes loops: the proxy's own connections are sent back to it.
  await run('ip', ['route', 'add', 'default', 'via', '10.99.0.2'])
  const rules = join(weir.dir, 'rules.nft')
  const shipped = readFileSync('deploy/transparent.nft', 'utf8')
  writeFileSync(
    rules,
    `${shipped.replace('redirect to :3443', `redirect to :${port}`).replaceAll('"lan0"', '"weir0"')}
table ip mistake {
  chain output { type nat hook output priority -100; ip daddr 198.51.100.9 tcp dport 443 redirect to :${port}; }
}
`,
  )
  await run('nft', ['-f', rules])
  writeFileSync(join(weir.dir, 'weir.pem'), weir.ca)
  writeFileSync(join(weir.dir, 'origin.pem'), pki.rootPem)
  const curl = (root: string, ...args: string[]) =>
    client('curl', '-sS', '--max-time', '20', '--noproxy', '*', '--cacert', join(weir.dir, root), ...args)
  const at = (host: string, port: number, address = '198.51.100.7') => ['--resolve', `${host}:${port}:${address}`]
  const waitFor = async (reason: string) => {
    const isIt = (event: Record<string, unknown>): boolean => event['reason'] === reason
    return flowEvents(await weir.waitForEvents((events) => flowEvents(events).some(isIt))).find(isIt)
  }

  await t.test('a client without any proxy setting reads the notice of a blocked tool', async (t) => {
    const { stdout } = await curl(
      'weir.pem',
      ...at('api.anthropic.com', 443),
      ...['-H', `user-agent: ${CLAUDE}`, '--json', BODY, 'https://api.anthropic.com/v1/messages'],
    )
    t.match(stdout, /Blocked by ACME policy: Claude Code is prohibited/u)
    const [event] = flowEvents(await weir.waitForEvents((events) => flowEvents(events).length > 0))
    t.match(event, { phase: 'outcome', tool: 'claude-code', action: 'block', status: 400 })
  })

  await t.test('another host is reached untouched: its own certificate, and the headers as sent', async (t) => {
    const { stdout } = await curl('origin.pem', ...at('news.example', 443), '-A', 'me', 'https://news.example/')
    t.strictSame(JSON.parse(stdout), ['Host', 'news.example', 'User-Agent', 'me', 'Accept', '*/*'])
    const event = await waitFor('not-catalogued')
    t.match(event, { phase: 'tunnel', action: 'allow', destination: { host: 'news.example', port: 443 } })
  })

  await t.test('plain HTTP goes where its Host says', async (t) => {
    const { stdout } = await curl('origin.pem', ...at('news.example', 80), 'http://news.example/')
    t.equal(stdout, 'plain news.example')
  })

  await t.test('a connection that names no destination is refused and recorded', async (t) => {
    await t.rejects(curl('origin.pem', 'https://198.51.100.7/'))
    t.match(await waitFor('no-destination'), { action: 'block', error: { code: 'no-destination', side: 'client' } })
  })

  await t.test('a connection of the proxy itself that is sent back to it ends there', async (t) => {
    await t.rejects(curl('origin.pem', ...at('loop.example', 443), 'https://loop.example/'))
    t.match(await waitFor('address-refused'), { action: 'block', error: { code: 'address-refused' } })
    t.ok(flowEvents(weir.events()).length < 10, 'no loop')
  })
}
