/** Contracts section 4 through a whole Weir: the rows of `cases/ways-around.yaml`, each on every way in that it names. */
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { startHttpsOrigin, startTcpOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { goWay, type Way } from '../helpers/way.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'

interface Row {
  readonly it: string
  readonly world?: string
  readonly ways?: readonly Way[]
  readonly to: string
  readonly says: string
  readonly host?: string
  readonly asks?: string
  readonly gets: string
  readonly arrives?: readonly string[]
  readonly events?: readonly Record<string, unknown>[]
}

interface World {
  readonly config?: Record<string, Record<string, unknown>>
  /** Text of the policy file → what stands there instead. */
  readonly policy?: Record<string, string>
}

const CASES = parse(readFileSync(new URL('../cases/ways-around.yaml', import.meta.url), 'utf8')) as {
  readonly worlds: Readonly<Record<string, World>>
  readonly rows: readonly Row[]
}

const TLS_HOSTS = [
  ...['news.example', 'other.example', 'storage.googleapis.com', 'github.com', 'dns.google', 'api.mistral.ai'],
  ...['api.openai.com', 'api.anthropic.com', 'downloads.claude.ai', 't1.openai.azure.com', 'gateway.qoder.com.cn'],
]

interface Stage {
  readonly weir: TestWeir
  readonly roots: readonly string[]
  readonly arrived: string[]
}

async function stageOf(t: Test, { config = {}, policy = {} }: World): Promise<Stage> {
  const pki = await makePki(t)
  const arrived: string[] = []
  const site = await startHttpsOrigin(t, pki, (request, response) => {
    arrived.push(`site ${request.headers.host ?? ''} ${request.url ?? ''}`)
    response.end('{}')
  })
  const plain = await startTcpOrigin(t, (socket) => {
    socket.on('data', (chunk: Buffer) => {
      const line = chunk.toString('latin1').split('\r\n')[0] ?? ''
      const isHttp = line.endsWith('HTTP/1.1')
      arrived.push(`${isHttp ? 'plain' : 'bytes'} ${line}`)
      socket.end(isHttp ? 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' : 'said\r\n\r\n')
    })
    socket.on('end', () => socket.end())
  })
  const trap = await startTcpOrigin(t, (socket) => {
    socket.on('data', (chunk: Buffer) => {
      arrived.push(`trap ${chunk[0] === 22 ? 'tls' : 'bytes'}`)
      socket.end()
    })
    socket.on('end', () => socket.end())
  })
  const pins: Record<string, string> = { '198.51.100.7:443': trap.address, '8.8.8.8:443': trap.address }
  for (const host of TLS_HOSTS) {
    for (const port of [443, 8443, 465]) pins[`${host}:${port}`] = site.address
    for (const port of [80, 8080, 22, 25, 587]) pins[`${host}:${port}`] = plain.address
  }
  const weir = await startWeir(t, {
    pins,
    roots: [pki.rootPem],
    config: { ...config, proxy: { socks: ['127.0.0.1:0'], transparent: ['127.0.0.1:0'] } },
    policy: (text) =>
      Object.entries(policy).reduce((changed, [from, to]) => {
        if (!changed.includes(from)) throw new Error(`the policy has no \`${from}\``)
        return changed.replace(from, to)
      }, text),
  })
  return { weir, roots: [weir.ca, pki.rootPem], arrived }
}

/** By SOCKS every refusal is `not allowed by ruleset`. */
const wanted = (gets: string, way: Way): string => (way === 'socks' && gets.startsWith('refused') ? 'refused 2' : gets)

async function runRow(t: Test, stage: Stage, row: Row, way: Way): Promise<void> {
  const { weir, roots, arrived } = stage
  const before = flowEvents(weir.events()).length
  arrived.length = 0
  const host = row.host ?? row.says.split(' ')[1] ?? row.to
  const { says, asks } = row
  const outcome = await goWay(weir, way, row.to, { says, host, ...(asks === undefined ? {} : { asks }) }, roots)
  const title = `${row.it} (${way})`
  t.equal(outcome.gets, wanted(row.gets, way), title)
  t.strictSame(arrived, row.arrives ?? [], `${title}: what arrived`)
  const events = row.events ?? []
  const found = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= before + events.length))
  t.match(found.slice(before), events, `${title}: events`)
  t.equal(found.length - before, events.length, `${title}: no other event`)
}

for (const [name, world] of Object.entries(CASES.worlds)) {
  const rows = CASES.rows.filter((row) => (row.world ?? 'shipped') === name)
  t.test(`${name}: each way ends as its row says, with the events of its row and no other`, async (t) => {
    const stage = await stageOf(t, world)
    let expected = 0
    for (const row of rows) {
      for (const way of row.ways ?? (['connect', 'socks'] as const)) {
        await runRow(t, stage, row, way)
        expected += row.events?.length ?? 0
      }
    }
    t.ok(rows.length > 0)
    await stage.weir.stop()
    t.equal(flowEvents(stage.weir.events()).length, expected, 'nothing came late')
  })
}
