/** Resident memory per idle connection: raw tunnels, and intercepted TLS after one request. */
import type { Socket } from 'node:net'
import { KeepAlive, openTls, openTunnel } from './harness/client.ts'
import { residentBytes } from './harness/process-tree.ts'
import { type Contender, missingText, startAll, startSquid, startWeir } from './harness/proxies.ts'
import { type Section, table } from './harness/report.ts'
import { AI_HOST, OTHER_HOST, openRig, type Rig, startNginx, startScript } from './harness/rig.ts'
import { median, withRange } from './harness/stats.ts'

const ROUNDS = 3
const CONNECTIONS = 1000
const GOALS = { raw: 20, tls: 65 }

type Kind = keyof typeof GOALS

/** Garbage of Node processes is collected first; Squid leaves SIGUSR2 alone when its debug level is what it is. */
async function settledBytes({ name, child }: Contender): Promise<number> {
  for (let index = 0; index < 2; index++) {
    if (name === 'Weir') child.signal('SIGUSR2')
    await new Promise((resolve) => setTimeout(resolve, 700))
  }
  return residentBytes(child.pid)
}

interface Far {
  readonly host: string
  readonly port: number
}

async function openOne(contender: Contender, kind: Kind, far: Far): Promise<Socket> {
  const route = { proxyPort: contender.port, direct: far }
  if (kind === 'raw') {
    const socket = await openTunnel(route, OTHER_HOST, far.port)
    // Weir waits for first bytes to tell what speaks; these look like nothing it knows.
    socket.write(Buffer.from([0, 0, 0, 0]))
    return socket
  }
  const socket = await openTls(route, AI_HOST, 443)
  await new KeepAlive(socket).send(`GET /compatible-mode/v1/models HTTP/1.1\r\nHost: ${AI_HOST}\r\n\r\n`)
  return socket
}

async function kibPerConnection(contender: Contender, kind: Kind, far: Far): Promise<number> {
  const warm: Socket[] = []
  for (let index = 0; index < 100; index++) warm.push(await openOne(contender, kind, far))
  const before = await settledBytes(contender)
  const open: Socket[] = []
  for (let index = 0; index < CONNECTIONS; index++) open.push(await openOne(contender, kind, far))
  const after = await settledBytes(contender)
  for (const socket of [...warm, ...open]) socket.destroy()
  return (after - before) / CONNECTIONS / 1024
}

/** A fresh process each time: memory that an earlier batch had would be used again and count as nothing. */
async function oneRound(kind: Kind): Promise<{ readonly values: Map<string, number>; readonly missing: string }> {
  const rig: Rig = await openRig()
  try {
    const { port } = await startScript(rig, 'peers/byte-origin.ts', [])
    if (kind === 'tls') await startNginx(rig)
    const pins = { [`${OTHER_HOST}:${port}`]: `127.0.0.1:${port}` }
    const starts = [startSquid(kind === 'raw' ? 'tunnel' : 'bump'), startWeir({ pins })]
    const { contenders, missing } = await startAll(rig, starts)
    const far = kind === 'raw' ? { host: '127.0.0.1', port } : { host: rig.address, port: 443 }
    const values = new Map<string, number>()
    for (const contender of contenders) {
      values.set(contender.name.replace(/ .*/u, ''), await kibPerConnection(contender, kind, far))
    }
    return { values, missing: missingText(missing) }
  } finally {
    await rig.close()
  }
}

export async function run(rounds = ROUNDS): Promise<Section> {
  const all = { raw: new Map<string, number[]>(), tls: new Map<string, number[]>() }
  let missing = ''
  for (let index = 0; index < rounds; index++) {
    for (const kind of ['raw', 'tls'] as const) {
      const round = await oneRound(kind)
      missing = round.missing
      for (const [name, value] of round.values) all[kind].set(name, [...(all[kind].get(name) ?? []), value])
    }
  }
  const rows = [...all.raw.keys()].map((name) => [
    name,
    withRange(all.raw.get(name) ?? [], 1),
    withRange(all.tls.get(name) ?? [], 1),
  ])
  const verdict = (['raw', 'tls'] as const).map((kind) => {
    const value = median(all[kind].get('Weir') ?? [])
    return `${kind} ${value <= GOALS[kind] ? 'met' : `missed by ${(value - GOALS[kind]).toFixed(1)} KB`}`
  })
  return {
    name: 'idle-memory',
    title: 'Memory of idle connections',
    body: `Growth of resident memory (process tree) per connection over ${CONNECTIONS} connections after 100 others, garbage collected before both readings; ${rounds} rounds, each
in fresh processes; KB (1024), median (range). TLS: intercepted, after one request that passed to the origin and back; the connections to the origin are part of it.

${table(['proxy', 'raw tunnel', 'intercepted TLS'], rows)}
${missing}
Goal ≤ ${GOALS.raw} KB raw, ≤ ${GOALS.tls} KB TLS: ${verdict.join('; ')}.`,
  }
}
