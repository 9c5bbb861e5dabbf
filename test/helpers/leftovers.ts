/**
 * Are the sockets, timers and descriptors of a Weir gone with it? What the test holds itself, clients that never hung up
 * and accepted connections of its origins, is told apart by port numbers, and closed only after Weir's own were looked at.
 */
import type { ChildProcess } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'
import { readdirSync, readFileSync, readlinkSync, watch } from 'node:fs'
import { type AddressInfo, createServer, Server, type Socket } from 'node:net'

/** How long what was closed may take to be gone. */
const SETTLE_MS = 15_000
const POLL_MS = 10

export interface Resources {
  /** Of `process.getActiveResourcesInfo()`, by kind. */
  readonly kinds: ReadonlyMap<string, number>
  /** Open descriptors and what they are; empty where the system does not list them. */
  readonly descriptors: ReadonlyMap<string, string>
}

interface OpenSocket {
  readonly socket: Socket
  /** Asked for while it is connected: after a reset it cannot say any more. */
  localPort: number
  remotePort: number
}

/** Sockets of `node:net` that were opened and not closed yet: a paused one is no active handle. */
const open = new Set<OpenSocket>()
for (const channel of ['net.client.socket', 'net.server.socket']) {
  subscribe(channel, (message) => keep((message as { readonly socket: Socket }).socket))
}

function keep(socket: Socket): void {
  const entry: OpenSocket = { socket, localPort: socket.localPort ?? 0, remotePort: socket.remotePort ?? 0 }
  open.add(entry)
  socket.once('connect', () => Object.assign(entry, { localPort: socket.localPort, remotePort: socket.remotePort }))
  socket.once('close', () => open.delete(entry))
}

/** Programs that a test has started, until their last pipe is closed: those, and the pipes, are none of Weir's. */
const children = new Set<ChildProcess>()
subscribe('child_process', (message) => {
  const { process: child } = message as { readonly process: ChildProcess }
  children.add(child)
  child.once('close', () => children.delete(child))
  child.once('error', () => children.delete(child))
})

/** Descriptors of pipes to the programs of the test. */
function childDescriptors(): Set<number> {
  const ends = [...children].flatMap(({ stdio }) => stdio) as ({ readonly _handle?: { readonly fd?: number } } | null)[]
  return new Set(ends.map((end) => end?._handle?.fd ?? -1).filter((descriptor) => descriptor >= 0))
}

// The standard streams are opened when they are first looked at.
for (const stream of [process.stdout, process.stderr]) stream.listenerCount('close')
// The event loop keeps a descriptor for watching and one for streams from their first use on.
watch('.').close()
const server = createServer()
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
await new Promise((resolve) => server.close(resolve))

export function countResources(): Resources {
  const kinds = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  const own = childDescriptors()
  const take = (kind: string, count: number): unknown => kinds.set(kind, Math.max(0, (kinds.get(kind) ?? 0) - count))
  take('PipeWrap', own.size)
  take('ProcessWrap', children.size)
  const descriptors = [...countDescriptors()].filter(([descriptor]) => !own.has(Number(descriptor)))
  return { kinds, descriptors: new Map(descriptors) }
}

function countDescriptors(): Map<string, string> {
  if (process.platform !== 'linux') return new Map()
  return new Map(
    readdirSync('/proc/self/fd').flatMap((descriptor) => {
      try {
        return [[descriptor, readlinkSync(`/proc/self/fd/${descriptor}`)]]
      } catch {
        // The one that this folder was read with.
        return []
      }
    }),
  )
}

/** Kinds of which there are more than before, as `kind: before → after`. */
export function grown(before: Resources, now: Resources): string[] {
  const lines = [...now.kinds]
    .filter(([kind, count]) => count > (before.kinds.get(kind) ?? 0))
    .map(([kind, count]) => `${kind}: ${before.kinds.get(kind) ?? 0} → ${count}`)
  if (now.descriptors.size <= before.descriptors.size) return lines
  const added = [...now.descriptors].filter(([descriptor, what]) => before.descriptors.get(descriptor) !== what)
  return [
    ...lines,
    `descriptors: ${before.descriptors.size} → ${now.descriptors.size}, among them`,
    ...added.map(([descriptor, what]) => `  ${descriptor} ${what} ${addressesOf(what)}`),
  ]
}

/** Local and remote address of a socket, as Linux knows it. */
function addressesOf(link: string): string {
  const inode = /^socket:\[(\d+)\]$/u.exec(link)?.[1]
  if (inode === undefined) return ''
  const lines = readFileSync('/proc/self/net/tcp', 'utf8').split('\n')
  const fields = lines
    .find((line) => line.trim().split(/\s+/u)[9] === inode)
    ?.trim()
    .split(/\s+/u)
  if (fields === undefined) return 'not TCP over IPv4'
  const port = (text = ''): number => Number.parseInt(text.replace(/^.*:/u, ''), 16)
  return `${port(fields[1])} → ${port(fields[2])} state ${fields[3] ?? ''}`
}

/**
 * Resolves when nothing is left of the Weirs that listened on `weirPorts`, and nothing of their clients; rejects with a list
 * of what is left fifteen seconds after.
 */
export async function expectNoLeftovers(
  before: Resources,
  weirPorts: ReadonlySet<number>,
  settleMs = SETTLE_MS,
): Promise<void> {
  await settle(settleMs, () => {
    const serverPorts = testServerPorts()
    return [...open]
      .filter(({ localPort, remotePort }) => weirPorts.has(localPort) || serverPorts.has(remotePort))
      .map((entry) => `Weir still holds ${describe(entry)}`)
  })
  const serverPorts = testServerPorts()
  for (const { socket, localPort, remotePort } of open) {
    if (weirPorts.has(remotePort) || serverPorts.has(localPort)) socket.destroy()
  }
  await settle(settleMs, () => {
    const more = grown(before, countResources())
    return more.length === 0 ? [] : [...more, ...[...open].map((entry) => `open: ${describe(entry)}`)]
  })
}

async function settle(settleMs: number, left: () => string[]): Promise<void> {
  const until = performance.now() + settleMs
  for (;;) {
    const found = left()
    if (found.length === 0) return
    if (performance.now() > until) throw new Error(`left behind:\n${found.slice(0, 40).join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** Undocumented, but in every Node, and the only way to the open sockets themselves. */
const activeHandles = (): unknown[] =>
  (process as unknown as { readonly _getActiveHandles: () => unknown[] })._getActiveHandles()

const testServerPorts = (): Set<number> =>
  new Set(
    activeHandles()
      .filter((handle) => handle instanceof Server && handle.listening)
      .map((server) => ((server as Server).address() as AddressInfo | null)?.port ?? 0),
  )

function describe({ socket, localPort, remotePort }: OpenSocket): string {
  const state = `${socket.readyState}${socket.destroyed ? ', destroyed' : ''}${socket.isPaused() ? ', paused' : ''}`
  return `${localPort} → ${remotePort}, ${state}, ${socket.bytesRead} read, ${socket.bytesWritten} written`
}
