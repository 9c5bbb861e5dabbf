/** Clients that refuse our certificate: how often they are told, on which way in, and what IT's answer to them does. */
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { certificateIn, clientHello } from '../helpers/hello.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { goWay, openWay, type Way } from '../helpers/way.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'
import { readUntil } from '../helpers/wire-client.ts'

const APPROVED = 'gateway.qoder.com.cn'
const MONITORED = 't1.openai.azure.com'
const PROHIBITED = 'api.anthropic.com'
const HOSTS = [APPROVED, MONITORED, PROHIBITED]
const WAYS: readonly Way[] = ['connect', 'socks', 'transparent']
const TEN_MINUTES_MS = 600_000

async function start(t: Test, answer: 'record' | 'refuse' | 'allow') {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end('{}'))
  const weir = await startWeir(t, {
    pins: Object.fromEntries(HOSTS.map((host) => [`${host}:443`, origin.address])),
    roots: [pki.rootPem],
    policy: (text) => text.replace('untrustingClient: record', `untrustingClient: ${answer}`),
    config: { proxy: { socks: ['127.0.0.1:0'], transparent: ['127.0.0.1:0'] } },
  })
  return { weir, pki }
}

/** Reads our certificate and goes with the alert `unknown_ca`, as OpenSSL does; before keys are agreed it goes in clear. */
async function distrust(weir: TestWeir, way: Way, host: string): Promise<string> {
  const { socket, refused } = await openWay(weir, way, `${host}:443`)
  if (refused === null) {
    socket.write(clientHello({ sni: host }))
    let answer = Buffer.alloc(0)
    await readUntil(socket, (text) => {
      answer = Buffer.from(text, 'latin1')
      return certificateIn(answer) !== null
    })
    socket.end(UNKNOWN_CA)
    socket.resume()
    await once(socket, 'close')
  }
  socket.destroy()
  return refused === null ? 'closed' : `refused ${refused}`
}

/** A fatal alert record (RFC 5246 section 7.2). */
const UNKNOWN_CA = Buffer.from('15030300020230', 'hex')

const untrusting = (events: Record<string, unknown>[]): Record<string, unknown>[] =>
  flowEvents(events).filter(({ reason }) => reason === 'untrusting-client')

const told = async (weir: TestWeir, count: number): Promise<Record<string, unknown>[]> =>
  untrusting(await weir.waitForEvents((all) => untrusting(all).length >= count))

/** Moves the clock by which repeated refusals are folded. */
function movableTicks(t: Test): (ms: number) => void {
  const original = performance.now.bind(performance)
  let aheadMs = 0
  performance.now = () => original() + aheadMs
  t.teardown(() => {
    Reflect.deleteProperty(performance, 'now')
  })
  return (ms) => {
    aheadMs += ms
  }
}

t.test('one event per client, host and ten minutes, and the next one counts what was left out', async (t) => {
  const advance = movableTicks(t)
  const { weir } = await start(t, 'record')
  for (let round = 0; round < 4; round++) t.equal(await distrust(weir, 'connect', PROHIBITED), 'closed')
  await distrust(weir, 'connect', APPROVED)
  t.match(await told(weir, 2), [
    { destination: { host: PROHIBITED }, tool: 'claude-code', action: 'block', count: 1, alert: 'unknown_ca' },
    { destination: { host: APPROVED }, count: 1 },
  ])
  advance(TEN_MINUTES_MS - 60_000)
  await distrust(weir, 'connect', PROHIBITED)
  advance(60_001)
  await distrust(weir, 'connect', PROHIBITED)
  const events = await told(weir, 3)
  t.match(events[2], {
    destination: { host: PROHIBITED },
    count: 5,
    error: { code: 'untrusting-client', side: 'client' },
  })
  await weir.stop()
  t.equal(untrusting(weir.events()).length, 3)
})

t.test('it is told by name on every way in', async (t) => {
  const { weir } = await start(t, 'record')
  await distrust(weir, 'transparent', APPROVED)
  await distrust(weir, 'socks', MONITORED)
  t.match(await told(weir, 2), [
    { destination: { host: APPROVED, port: 443 }, alert: 'unknown_ca' },
    { destination: { host: MONITORED, port: 443 }, alert: 'unknown_ca' },
  ])
})

t.test(
  'where IT refuses such clients, their next tunnels to that host are answered at once, for a minute',
  async (t) => {
    const advance = movableTicks(t)
    const { weir } = await start(t, 'refuse')
    const said = { says: `tls ${PROHIBITED}`, host: PROHIBITED }
    t.equal(await distrust(weir, 'connect', PROHIBITED), 'closed')
    t.equal((await goWay(weir, 'connect', `${PROHIBITED}:443`, said, [weir.ca])).gets, 'refused 403')
    t.equal((await goWay(weir, 'socks', `${PROHIBITED}:443`, said, [weir.ca])).gets, 'refused 2')
    t.equal((await goWay(weir, 'transparent', `${PROHIBITED}:443`, said, [weir.ca])).gets, 'closed')
    const other = { says: `tls ${APPROVED}`, host: APPROVED }
    t.equal((await goWay(weir, 'connect', `${APPROVED}:443`, other, [weir.ca])).gets, 'ours 200', 'another host')
    advance(60_001)
    t.equal(
      (await goWay(weir, 'connect', `${PROHIBITED}:443`, said, [weir.ca])).gets,
      'ours 200',
      'a mended client is read',
    )
    const events = await told(weir, 2)
    t.equal(events.length, 2, 'the refusal by alert, and the tunnels that were answered for it, folded')
    t.match(events[1], { action: 'block', rule: 'evasion:untrustingClient', error: { code: 'tunnel-refused' } })
  },
)

t.test(
  'where IT allows such clients, approved and monitored tools pass unread and recorded, hosts of prohibited ones are read',
  async (t) => {
    const { weir, pki } = await start(t, 'allow')
    for (const way of WAYS) {
      for (const host of [APPROVED, MONITORED]) {
        const before = untrusting(weir.events()).length
        if (way === 'connect') await distrust(weir, way, host)
        const outcome = await goWay(weir, way, `${host}:443`, { says: `tls ${host}`, host }, [pki.rootPem])
        t.equal(outcome.gets, 'theirs 200', `${host} by ${way}`)
        const events = await told(weir, before + (way === 'connect' ? 2 : 1))
        t.match(events.at(-1), { action: 'allow', rule: 'evasion:untrustingClient', destination: { host } })
      }
      await distrust(weir, way, PROHIBITED)
      const kept = await goWay(weir, way, `${PROHIBITED}:443`, { says: `tls ${PROHIBITED}`, host: PROHIBITED }, [
        weir.ca,
      ])
      t.equal(kept.gets, 'ours 200', `${PROHIBITED} by ${way}`)
    }
  },
)
