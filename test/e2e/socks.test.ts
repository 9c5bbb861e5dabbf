import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeir, type TestWeirOptions } from '../helpers/weir.ts'

const run = promisify(execFile)
const CLAUDE = 'claude-cli/2.1.330 (external, cli)'
const BODY = '{"model":"claude-opus-5-5","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}'
const BLOCKED = ['-H', `user-agent: ${CLAUDE}`, '--json', BODY, 'https://api.anthropic.com/v1/messages']

interface Curled {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** curl by SOCKS, with the roots of Weir and of the test. */
async function curl(weir: TestWeir, args: readonly string[]): Promise<Curled> {
  const options = ['-sS', '-i', '--max-time', '20', '--noproxy', '', '--cacert', join(weir.dir, 'bundle.pem'), ...args]
  try {
    return { code: 0, ...(await run('curl', options)) }
  } catch (error) {
    return error as Curled
  }
}

async function start(t: Test, options: TestWeirOptions = {}): Promise<{ weir: TestWeir; socks: string }> {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    response.setHeader('x-seen', request.headers['x-mine'] ?? '')
    response.end(`hello from ${request.headers.host ?? ''}`)
  })
  const weir = await startWeir(t, {
    ...options,
    pins: { 'news.example:443': origin.address, '127.0.0.1:443': origin.address, 'closed.example:443': '127.0.0.1:1' },
    roots: [pki.rootPem],
    config: {
      audit: { tunnels: 'all' },
      ...options.config,
      proxy: { socks: ['127.0.0.1:0'], ...options.config?.['proxy'] },
    },
  })
  writeFileSync(join(weir.dir, 'origin.pem'), pki.rootPem)
  writeFileSync(join(weir.dir, 'bundle.pem'), `${weir.ca}\n${pki.rootPem}`)
  const address = weir.addresses.socks[0]
  return { weir, socks: `127.0.0.1:${address?.port ?? 0}` }
}

t.test('curl by SOCKS reads the notice of a blocked tool, with the same event as by CONNECT', async (t) => {
  const { weir, socks } = await start(t)
  const { stdout } = await curl(weir, ['--socks5-hostname', socks, ...BLOCKED])
  t.match(stdout, /^HTTP\/[12.]+ 400 /u)
  t.match(stdout, /Blocked by ACME policy: Claude Code is prohibited/u)
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length > 0))
  t.equal(events.length, 1)
  t.match(events[0], { phase: 'outcome', tool: 'claude-code', action: 'block', status: 400, path: '/v1/messages' })
})

t.test(
  'curl by SOCKS reaches other hosts untouched: their own certificate, one tunnel event with the bytes',
  async (t) => {
    const { weir, socks } = await start(t)
    // Only the root of the origin: a certificate of Weir's would be refused.
    const root = ['--cacert', join(weir.dir, 'origin.pem')]
    const { stdout } = await curl(weir, [
      '--socks5-hostname',
      socks,
      '-H',
      'x-mine: kept',
      ...root,
      'https://news.example/',
    ])
    t.match(stdout, /x-seen: kept/iu)
    t.match(stdout, /hello from news\.example/u)
    const [event] = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length > 0))
    t.match(event, {
      phase: 'tunnel',
      action: 'allow',
      reason: 'not-catalogued',
      destination: { host: 'news.example', port: 443 },
      error: null,
    })
  },
)

t.test('curl that resolves names itself names addresses: the SNI decides', async (t) => {
  const { weir, socks } = await start(t)
  const { stdout } = await curl(weir, [
    ...['--socks5', socks, '--resolve', 'api.anthropic.com:443:127.0.0.1', ...BLOCKED],
  ])
  t.match(stdout, /Blocked by ACME policy/u)
})

t.test('a destination that cannot be reached, and one that may not be, are told in the words of SOCKS', async (t) => {
  const { weir, socks } = await start(t)
  const closed = await curl(weir, ['--socks5-hostname', socks, 'https://closed.example/'])
  t.equal(closed.code, 97, 'curl: proxy handshake')
  t.match(closed.stderr, /\(5\)/u, 'connection refused')
  const refused = await curl(weir, ['--socks5-hostname', socks, 'http://127.0.0.1:25/'])
  t.match(refused.stderr, /\(2\)/u, 'not allowed by ruleset')
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= 2))
  t.match(
    events.map(({ error }) => error),
    [{ code: 'connect-refused' }, { code: 'port-refused' }],
  )
})

t.test('user and password are taken where nobody has to be known', async (t) => {
  const { weir, socks } = await start(t)
  const { stdout } = await curl(weir, ['--socks5-hostname', socks, '--proxy-user', 'alice:secret', ...BLOCKED])
  t.match(stdout, /Blocked by ACME policy/u)
  t.notMatch(weir.log.join(''), /secret/u)
})

t.test('SOCKS connections count in the limit of a client, and a stop ends them', async (t) => {
  const { weir, socks } = await start(t, { config: { limits: { perClient: 2 }, timeouts: { drainMs: 300 } } })
  const port = Number(socks.split(':')[1])
  const open = async () => {
    const socket = connectTcp({ host: '127.0.0.1', port })
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }
  const sockets = [await open(), await open()]
  const third = await open()
  const [answer] = (await once(third, 'data')) as [Buffer]
  t.equal(answer.toString('hex'), '05ff')
  const [first] = sockets
  first?.write(Buffer.from('050100', 'hex'))
  if (first !== undefined) t.equal(((await once(first, 'data')) as [Buffer])[0].toString('hex'), '0500')
  const gone = Promise.all(sockets.map((socket) => once(socket.resume(), 'close')))
  await weir.stop()
  await gone
})
