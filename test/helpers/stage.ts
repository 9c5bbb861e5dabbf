/** One Weir and one raw origin for all tests of a file: every test plays the origin by hand, on host names of its own. */
import type { Socket } from 'node:net'
import { startTcpOrigin } from './origin.ts'
import type { Scope } from './scope.ts'
import { startWeir, type TestWeir, type TestWeirOptions } from './weir.ts'
import { openSocket } from './wire-client.ts'

/** How Weir treats a host: `monitored` is measured, `restricted` held, `plain` is no AI. */
type HostKind = 'monitored' | 'restricted' | 'plain'

/** Catalogue wildcards whose tools have these tiers as shipped; `*.example` is in no catalogue. */
const ZONES: Readonly<Record<HostKind, string>> = {
  monitored: 'openai.azure.com',
  restricted: 'cursor.sh',
  plain: 'plain.example',
}
const HOSTS_PER_KIND = 40

export interface Stage {
  readonly weir: TestWeir
  /** A host that no test used before, so that no pooled connection is shared. */
  readonly host: (kind: HostKind) => string
  /** From now on upstream connections are given to this. */
  readonly play: (onSocket: (socket: Socket) => void) => void
  /** A socket to the proxy. */
  readonly open: () => Promise<Socket>
}

export async function setStage(t: Scope, options: TestWeirOptions = {}): Promise<Stage> {
  let current: (socket: Socket) => void = (socket) => socket.destroy()
  const origin = await startTcpOrigin(t, (socket) => {
    socket.on('end', () => socket.end())
    current(socket)
  })
  const pins: Record<string, string> = { ...options.pins }
  for (const zone of Object.values(ZONES)) {
    for (let index = 1; index <= HOSTS_PER_KIND; index++) {
      for (const port of [80, 443]) pins[`t${index}.${zone}:${port}`] = origin.address
    }
  }
  const weir = await startWeir(t, { ...options, pins })
  const used: Record<HostKind, number> = { monitored: 0, restricted: 0, plain: 0 }
  return {
    weir,
    host: (kind) => {
      used[kind]++
      if (used[kind] > HOSTS_PER_KIND) throw new Error(`no ${kind} host left: raise HOSTS_PER_KIND`)
      return `t${used[kind]}.${ZONES[kind]}`
    },
    play: (onSocket) => {
      current = onSocket
    },
    open: () => openSocket(weir.port),
  }
}

/** Calls back with each whole request (head and content-length body, latin-1) of a connection. */
export function onRequests(socket: Socket, answer: (request: string, index: number) => void): void {
  let text = ''
  let index = 0
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    for (;;) {
      const end = lengthOfFirst(text)
      if (end === null || end > text.length) return
      const request = text.slice(0, end)
      text = text.slice(end)
      answer(request, index++)
    }
  })
}

function lengthOfFirst(text: string): number | null {
  const head = text.indexOf('\r\n\r\n')
  if (head === -1) return null
  if (/\r\ntransfer-encoding: *chunked/iu.test(text.slice(0, head + 2))) {
    const last = text.indexOf('\r\n0\r\n', head)
    if (last === -1) return null
    const end = text.indexOf('\r\n\r\n', last + 3)
    return end === -1 ? null : end + 4
  }
  return head + 4 + Number(/\r\ncontent-length: *(\d+)/iu.exec(text.slice(0, head + 2))?.[1] ?? 0)
}

/** A request in absolute form, as a plain client sends it to a proxy. */
export function requestTo(host: string, body: string | null = null, lines = '', method?: string): string {
  const verb = method ?? (body === null ? 'GET' : 'POST')
  const framing =
    body === null ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`
  return `${verb} http://${host}/openai/v1/x HTTP/1.1\r\nHost: ${host}\r\n${framing}${lines}\r\n${body ?? ''}`
}

/** A 200 with a body of known length. */
export const ok = (body: string, lines = ''): string =>
  `HTTP/1.1 200 OK\r\n${lines}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

export interface Ending {
  readonly text: string
  /** `reset` when the connection was torn down instead of ended. */
  readonly how: 'end' | 'reset'
}

/** Read until the connection is over. */
export function readToEnd(socket: Socket): Promise<Ending> {
  return new Promise((resolve) => {
    let text = ''
    let isEnded = false
    let isReset = false
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    socket.once('end', () => {
      isEnded = true
      socket.destroy()
    })
    socket.once('error', () => {
      isReset = true
    })
    socket.once('close', () => resolve({ text, how: isReset || !isEnded ? 'reset' : 'end' }))
    socket.resume()
  })
}

/** Resolves when the socket is closed, whichever way. */
export const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.destroyed) resolve()
    else socket.once('close', () => resolve())
  })

/** A promise with its resolve function. */
export function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  const { promise, resolve } = Promise.withResolvers<T>()
  return { promise, resolve }
}
