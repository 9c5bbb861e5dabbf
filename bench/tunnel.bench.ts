/** Processor time per GB through a CONNECT tunnel, both ways, Weir beside Squid and proxy-chain. */
import { once } from 'node:events'
import { openTunnel } from './harness/client.ts'
import { cpuSeconds } from './harness/process-tree.ts'
import { type Contender, missingText, startAll, startProxyChain, startSquid, startWeir } from './harness/proxies.ts'
import { type Section, table } from './harness/report.ts'
import { OTHER_HOST, openRig, startScript } from './harness/rig.ts'
import { median, withRange } from './harness/stats.ts'

const ROUNDS = 5
const BYTES = 2 ** 30
const WARM_BYTES = 2 ** 27
const GOAL = 0.65
const CHUNK = Buffer.alloc(1024 * 1024, 0x5a)

type Way = 'down' | 'up'

/** `\0`, the way and the length: looks like no protocol, so a proxy that sniffs passes it. */
function order(way: Way, bytes: number): Buffer {
  const head = Buffer.alloc(10)
  head.write(way === 'down' ? 'D' : 'U', 1)
  head.writeBigUInt64BE(BigInt(bytes), 2)
  return head
}

async function transfer(contender: Contender, originPort: number, way: Way, bytes: number): Promise<void> {
  const route = { proxyPort: contender.port, direct: { host: '127.0.0.1', port: originPort } }
  const socket = await openTunnel(route, OTHER_HOST, originPort)
  let seen = 0
  socket.on('data', (chunk: Buffer) => (seen += chunk.length))
  socket.resume()
  const ended = once(socket, 'end')
  socket.write(order(way, bytes))
  if (way === 'up') {
    for (let left = bytes; left > 0; left -= CHUNK.length) if (!socket.write(CHUNK)) await once(socket, 'drain')
  }
  await ended
  socket.end()
  if (seen !== (way === 'down' ? bytes : 1)) throw new Error(`${contender.name} ${way}: ${seen} bytes came`)
}

/** `only`: measure Weir and Squid alone. */
export async function run(rounds = ROUNDS, only = false): Promise<Section> {
  const rig = await openRig()
  try {
    const origin = await startScript(rig, 'peers/byte-origin.ts', [])
    const pins = { [`${OTHER_HOST}:${origin.port}`]: `127.0.0.1:${origin.port}` }
    const starts = [startSquid('tunnel'), startWeir({ pins }), ...(only ? [] : [startProxyChain])]
    const { contenders, missing } = await startAll(rig, starts)
    const results = contenders.map((contender) => ({ contender, down: [] as number[], up: [] as number[] }))
    for (const { contender } of results) {
      for (const way of ['down', 'up'] as const) await transfer(contender, origin.port, way, WARM_BYTES)
    }
    for (let index = 0; index < rounds; index++) {
      for (const way of ['down', 'up'] as const) {
        for (const result of results) {
          const before = cpuSeconds(result.contender.child.pid)
          await transfer(result.contender, origin.port, way, BYTES)
          await new Promise((resolve) => setTimeout(resolve, 100))
          result[way].push(((cpuSeconds(result.contender.child.pid) - before) * 1e9) / BYTES)
        }
      }
    }
    const squid = results.find(({ contender }) => contender.name === 'Squid')
    const ratio = (values: readonly number[], way: Way): number | null =>
      squid === undefined ? null : median(values) / median(squid[way])
    const rows = results.map((result) => [
      result.contender.name,
      withRange(result.down, 2),
      ratio(result.down, 'down')?.toFixed(2) ?? '–',
      withRange(result.up, 2),
      ratio(result.up, 'up')?.toFixed(2) ?? '–',
    ])
    const weir = results.find(({ contender }) => contender.name === 'Weir')
    const verdict = (['down', 'up'] as const).map((way) => {
      const value = weir === undefined ? null : ratio(weir[way], way)
      return `${way} ${value === null ? 'no Squid in this run' : value <= GOAL ? 'met' : `missed by ${(value - GOAL).toFixed(2)}×`}`
    })
    return {
      name: 'tunnel',
      title: 'Tunnelled bytes',
      body: `One CONNECT tunnel at a time, plain TCP, 1 GiB each way per round, ${rounds} interleaved rounds; CPU seconds per GB (10⁹ bytes), median (range).

${table(['proxy', 'down', '× Squid', 'up', '× Squid'], rows)}
${missingText(missing)}
Goal ≤ ${GOAL}× Squid both ways: ${verdict.join('; ')}.`,
    }
  } finally {
    await rig.close()
  }
}
