/** Two thousand short connections, good and bad ones: what they opened is closed again while Weir goes on. */
import { readdirSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import t from 'tap'
import { countResources, expectNoLeftovers, grown } from '../helpers/leftovers.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { startWeir, type TestWeir } from '../helpers/weir.ts'
import { connectThrough, exchangeOnce, openSocket, tlsThrough } from '../helpers/wire-client.ts'

const EACH = 400
const AT_ONCE = 20
const AI = 'api.anthropic.com'
const DEAD = 'api.openai.com'
const BODY = '{"model":"m","messages":[]}'

const requestTo = (host: string): string =>
  `POST /v1/messages HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`

async function ask(weir: TestWeir, host: string): Promise<number> {
  const socket = await tlsThrough(weir.port, `${host}:443`, { ca: weir.ca })
  return (await exchangeOnce(socket, requestTo(host))).status
}

const KINDS: Readonly<Record<string, (weir: TestWeir) => Promise<number>>> = {
  'a request that is answered': (weir) => ask(weir, AI),
  'a destination that is refused': async (weir) => {
    const { socket, head } = await connectThrough(weir.port, `${AI}:25`)
    socket.destroy()
    return Number(head.slice(9, 12))
  },
  'an upstream that is not there': (weir) => ask(weir, DEAD),
  'a client that leaves in the middle of its request': async (weir) => {
    const socket = await tlsThrough(weir.port, `${AI}:443`, { ca: weir.ca })
    socket.write(requestTo(AI).slice(0, -5))
    socket.destroy()
    return 0
  },
  'a client that leaves in the handshake': async (weir) => {
    const { socket } = await connectThrough(weir.port, `${AI}:443`)
    socket.write(Buffer.from('1603010200', 'hex'))
    socket.resetAndDestroy()
    return 0
  },
}
const WANTED = [200, 403, 502, 0, 0]

/** What the descriptors of this process lead to; none where the system does not tell. */
function openFiles(): string[] {
  if (process.platform !== 'linux') return ['/store.sqlite-shm', '.wal']
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      return [] // the one that read the folder
    }
  })
}

async function waitUntilBack(before: ReturnType<typeof countResources>): Promise<string[]> {
  const until = performance.now() + 20_000
  for (;;) {
    const more = grown(before, countResources())
    if (more.length === 0 || performance.now() > until) return more
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

t.test('descriptors, sockets and timers are back where they started after 2,000 short connections', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    request.resume().on('end', () => response.writeHead(200, { connection: 'close' }).end('{}'))
    request.on('error', () => undefined)
  })
  const weir = await startWeir(t, {
    pins: { [`${AI}:443`]: origin.address, [`${DEAD}:443`]: '127.0.0.1:1' },
    roots: [pki.rootPem],
    policy: (text) => text.replace('assign:', 'assign:\n  - { tool: [anthropic-api, openai-api], tier: restricted }'),
  })
  // With its first events Weir opens the files of its records, after some more its commit log, and the store, in a
  // thread, opens its own.
  for (const ending of ['.wal', '/store.sqlite-shm'])
    while (!openFiles().some((file) => file.endsWith(ending))) await ask(weir, AI)
  await weir.waitForEvents((all) => all.some(({ phase }) => phase === 'outcome'))
  const before = countResources()
  for (const [index, [kind, run]] of Object.entries(KINDS).entries()) {
    const seen = new Set<number>()
    for (let done = 0; done < EACH; done += AT_ONCE) {
      for (const status of await Promise.all(Array.from({ length: AT_ONCE }, () => run(weir)))) seen.add(status)
    }
    t.strictSame([...seen], [WANTED[index]], kind)
    t.strictSame(await waitUntilBack(before), [], `after ${EACH} times ${kind}`)
  }
})

t.test('the check of what is left finds a socket that nobody closed', async (t) => {
  const origin = await startHttpsOrigin(t, await makePki(t), () => undefined)
  const before = countResources()
  const left = connect({ host: '127.0.0.1', port: origin.port })
  t.teardown(() => left.destroy())
  await new Promise((resolve) => left.once('connect', resolve))
  await t.rejects(expectNoLeftovers(before, new Set(), 100), { message: /Weir still holds \d+ → \d+, open/u })
  const paused = await openSocket(origin.port)
  t.teardown(() => paused.destroy())
  t.match(grown(before, countResources()).join(), /descriptors: /u)
})
