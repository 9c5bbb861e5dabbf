/** A client of an AI provider through Weir, from an address of its own: HTTP/1.1 or HTTP/2 inside a tunnel. */
import { request as httpRequest } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { TestWeir } from './weir.ts'
import { readHead } from './wire-client.ts'

export interface Asked {
  readonly host: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
  /** Address on loopback that the client has; 127.0.0.1 unless said. */
  readonly from?: string
  readonly http?: '1.1' | '2'
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly text: string
}

/** TLS to a host inside a CONNECT tunnel from an address of loopback. */
export async function tunnelFrom(
  weir: Pick<TestWeir, 'port' | 'ca'>,
  { host, from = '127.0.0.1', alpn }: { readonly host: string; readonly from?: string; readonly alpn: string },
): Promise<TLSSocket> {
  const socket: Socket = connectTcp({ port: weir.port, host: '127.0.0.1', localAddress: from })
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`)
  const head = await readHead(socket)
  if (!head.startsWith('HTTP/1.1 200')) throw new Error(head)
  const tls = connectTls({ socket, servername: host, ca: weir.ca, ALPNProtocols: [alpn] })
  await new Promise<void>((resolve, reject) => tls.once('secureConnect', resolve).once('error', reject))
  return tls
}

/** Post a JSON body and read the whole answer. */
export function ask(weir: Pick<TestWeir, 'port' | 'ca'>, asked: Asked): Promise<Answered> {
  return asked.http === '2' ? askHttp2(weir, asked) : askHttp1(weir, asked)
}

const lines = (asked: Asked, body: Buffer): Record<string, string> => ({
  'content-type': 'application/json',
  'content-length': String(body.length),
  ...asked.headers,
})
const bodyOf = ({ body }: Asked): Buffer => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))

async function askHttp1(weir: Pick<TestWeir, 'port' | 'ca'>, asked: Asked): Promise<Answered> {
  const tls = await tunnelFrom(weir, {
    host: asked.host,
    alpn: 'http/1.1',
    ...(asked.from ? { from: asked.from } : {}),
  })
  const body = bodyOf(asked)
  return await new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        method: 'POST',
        path: asked.path,
        headers: { host: asked.host, ...lines(asked, body) },
        createConnection: () => tls,
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          tls.destroy()
          const headers = Object.fromEntries(
            Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
          )
          const whole = Buffer.concat(chunks)
          resolve({ status: response.statusCode ?? 0, headers, body: whole, text: whole.toString() })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

async function askHttp2(weir: Pick<TestWeir, 'port' | 'ca'>, asked: Asked): Promise<Answered> {
  const tls = await tunnelFrom(weir, { host: asked.host, alpn: 'h2', ...(asked.from ? { from: asked.from } : {}) })
  const session = connectHttp2(`https://${asked.host}`, { createConnection: () => tls })
  const body = bodyOf(asked)
  return await new Promise((resolve, reject) => {
    session.on('error', reject)
    const stream = session.request({ ':method': 'POST', ':path': asked.path, ...lines(asked, body) })
    const chunks: Buffer[] = []
    let headers: Record<string, string> = {}
    stream.on('response', (received) => {
      headers = Object.fromEntries(Object.entries(received).map(([name, value]) => [name, String(value)]))
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('end', () => {
      session.destroy()
      const whole = Buffer.concat(chunks)
      resolve({ status: Number(headers[':status']), headers, body: whole, text: whole.toString() })
    })
    stream.end(body)
  })
}
