/** Encrypted ClientHello through a whole Weir: what Chrome sends everywhere is no ECH, and what hides a name behind a front is. */
import t, { type Test } from 'tap'
import { certificateIn, clientHello, echExtension } from '../helpers/hello.ts'
import { startTcpOrigin } from '../helpers/origin.ts'
import { openWay, type Way } from '../helpers/way.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'

const FRONT = 'cloudflare-ech.com'
const AI = 'api.openai.com'
const NEWS = 'news.example'
const ADDRESS = '198.51.100.7'

interface Case {
  readonly it: string
  readonly to: string
  readonly sni: string
  readonly hasEch: boolean
  readonly ways?: readonly Way[]
  /** `ours NAME`: our certificate for it; `origin HOST`: the bytes of the hello arrived there; `closed`. */
  readonly ends: string
  readonly events?: readonly Record<string, unknown>[]
}

const EVERY_WAY: readonly Way[] = ['connect', 'socks', 'transparent']

const SHIPPED: readonly Case[] = [
  { it: 'GREASE to an AI host is read as ever', to: AI, sni: AI, hasEch: true, ways: EVERY_WAY, ends: `ours ${AI}` },
  {
    it: 'GREASE to any other host is ordinary browsing',
    to: NEWS,
    sni: NEWS,
    hasEch: true,
    ways: EVERY_WAY,
    ends: `origin ${NEWS}`,
  },
  {
    it: 'a front behind an AI name gets our certificate for the front, so that the client comes again without ECH',
    to: AI,
    sni: FRONT,
    hasEch: true,
    ends: `ours ${FRONT}`,
    events: [{ phase: 'tunnel', action: 'allow', reason: 'ech', destination: { host: AI }, tool: 'openai-codex' }],
  },
  {
    it: 'a front behind an ordinary name is ordinary browsing: outer names differ',
    to: NEWS,
    sni: FRONT,
    hasEch: true,
    ends: `origin ${NEWS}`,
  },
  {
    it: 'a front behind an address goes to the front itself and is recorded',
    to: ADDRESS,
    sni: FRONT,
    hasEch: true,
    ends: `origin ${FRONT}`,
    events: [{ phase: 'tunnel', action: 'allow', reason: 'ech', destination: { host: FRONT } }],
  },
  {
    it: 'a redirected connection to a front is recorded',
    to: FRONT,
    sni: FRONT,
    hasEch: true,
    ways: ['transparent', 'connect', 'socks'],
    ends: `origin ${FRONT}`,
    events: [{ phase: 'tunnel', action: 'allow', reason: 'ech', destination: { host: FRONT } }],
  },
  {
    it: 'the front without ECH hides nothing',
    to: FRONT,
    sni: FRONT,
    hasEch: false,
    ways: EVERY_WAY,
    ends: `origin ${FRONT}`,
  },
  {
    it: 'the front without ECH behind an AI name is just another name',
    to: AI,
    sni: FRONT,
    hasEch: false,
    ends: 'closed',
    events: [{ phase: 'tunnel', action: 'block', reason: 'sni-mismatch' }],
  },
]

const REFUSED: readonly Case[] = [
  {
    it: 'where IT refuses ECH, a hello to an AI host may not have it',
    to: AI,
    sni: AI,
    hasEch: true,
    ways: EVERY_WAY,
    ends: 'closed',
    events: [
      { phase: 'tunnel', action: 'block', reason: 'ech', rule: 'evasion:ech', error: { code: 'tunnel-refused' } },
    ],
  },
  {
    it: 'nor hide behind a front',
    to: AI,
    sni: FRONT,
    hasEch: true,
    ends: 'closed',
    events: [{ phase: 'tunnel', action: 'block', reason: 'ech' }],
  },
  {
    it: 'nor behind a front and an address',
    to: ADDRESS,
    sni: FRONT,
    hasEch: true,
    ends: 'closed',
    events: [{ phase: 'tunnel', action: 'block', reason: 'ech' }],
  },
  { it: 'ordinary browsing goes on', to: NEWS, sni: NEWS, hasEch: true, ways: EVERY_WAY, ends: `origin ${NEWS}` },
  { it: 'also behind an outer name', to: NEWS, sni: FRONT, hasEch: true, ends: `origin ${NEWS}` },
]

const ALLOWED: readonly Case[] = [
  {
    it: 'where IT allows ECH, a front behind an address leaves no event',
    to: ADDRESS,
    sni: FRONT,
    hasEch: true,
    ends: `origin ${FRONT}`,
  },
  {
    it: 'and a front behind an AI name is still answered for the front',
    to: AI,
    sni: FRONT,
    hasEch: true,
    ends: `ours ${FRONT}`,
  },
]

interface Stage {
  readonly weir: TestWeir
  /** Bytes that arrived since, by host. */
  readonly arrived: Map<string, Buffer>
}

async function stageOf(t: Test, ech: string, config: Record<string, Record<string, unknown>> = {}): Promise<Stage> {
  const arrived = new Map<string, Buffer>()
  const pins: Record<string, string> = {}
  for (const host of [FRONT, AI, NEWS, ADDRESS]) {
    const origin = await startTcpOrigin(t, (socket) => {
      socket.on('data', (chunk: Buffer) => {
        arrived.set(host, Buffer.concat([arrived.get(host) ?? Buffer.alloc(0), chunk]))
        socket.end('seen')
      })
      socket.on('end', () => socket.end())
    })
    pins[`${host}:443`] = origin.address
  }
  const policy = (text: string): string => text.replace('ech: record', `ech: ${ech}`)
  const ways = { proxy: { socks: ['127.0.0.1:0'], transparent: ['127.0.0.1:0'] } }
  return { arrived, weir: await startWeir(t, { pins, policy, config: { ...ways, ...config } }) }
}

async function endOf({ weir, arrived }: Stage, way: Way, { to, sni, hasEch }: Case): Promise<string> {
  arrived.clear()
  const { socket, refused } = await openWay(weir, way, `${to}:443`)
  if (refused !== null) return `refused ${refused}`
  const hello = clientHello({ sni, ...(hasEch ? { ech: echExtension(7) } : {}) })
  socket.write(hello)
  let answer = Buffer.alloc(0)
  for await (const chunk of socket) {
    answer = Buffer.concat([answer, chunk as Buffer])
    if (certificateIn(answer) !== null) break
  }
  socket.destroy()
  const certificate = certificateIn(answer)
  if (certificate !== null) return `ours ${certificate.subjectAltName?.replace('DNS:', '') ?? ''}`
  const [host, bytes] = [...arrived][0] ?? ['', null]
  if (bytes === null) return 'closed'
  return bytes.equals(hello) && arrived.size === 1 ? `origin ${host}` : `other bytes at ${[...arrived.keys()].join()}`
}

async function runCases(t: Test, stage: Stage, cases: readonly Case[]): Promise<void> {
  let expected = 0
  for (const each of cases) {
    for (const way of each.ways ?? (['connect', 'socks'] as const)) {
      const { events = [] } = each
      const title = `${each.it} (${way})`
      t.equal(await endOf(stage, way, each), each.ends, title)
      const found = flowEvents(
        // The client hung up in its handshake, which is another question.
        await stage.weir.waitForEvents((all) => told(all).length >= expected + events.length),
      )
      t.match(told(found).slice(expected), events, `${title}: events`)
      expected += events.length
      t.equal(told(found).length, expected, `${title}: no other event`)
    }
  }
}

const told = (events: Record<string, unknown>[]): Record<string, unknown>[] =>
  flowEvents(events).filter(({ reason }) => reason !== 'untrusting-client' && reason !== 'handshake-failed')

t.test('ECH as shipped', async (t) => runCases(t, await stageOf(t, 'record'), SHIPPED))
t.test('ECH refused', async (t) => runCases(t, await stageOf(t, 'refuse'), REFUSED))
t.test('ECH allowed', async (t) => runCases(t, await stageOf(t, 'allow'), ALLOWED))
t.test('an AI host that stays unread is recorded when its hello may hide another name', async (t) => {
  const stage = await stageOf(t, 'record', { intercept: { never: [AI] }, audit: { tunnels: 'none' } })
  await runCases(t, stage, [
    { it: 'without ECH', to: AI, sni: AI, hasEch: false, ends: `origin ${AI}` },
    {
      it: 'with ECH',
      to: AI,
      sni: AI,
      hasEch: true,
      ends: `origin ${AI}`,
      events: [{ phase: 'tunnel', action: 'allow', reason: 'never-list' }],
    },
  ])
})
