/** The client's face of an HTTP/1.1 upgrade: its own socket, on which nothing else follows. */
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex, Writable } from 'node:stream'
import type { RawHeaders } from '../domain/headers.ts'
import type { LocalAnswer } from '../domain/notice.ts'
import { reasonPhrase } from '../wire/headers.ts'
import { sendRawAnswer } from './local-answer.ts'
import type { UpgradeSide } from './upgrade-side.ts'

/** How long a client may take to close after an upgrade was declined. */
const CLOSE_MS = 1000

export class Http1UpgradeSide implements UpgradeSide {
  readonly http: string
  readonly headers: RawHeaders
  readonly stream: Duplex
  readonly #protocol: string

  /** `head`: what came behind the head in the same read. */
  constructor(request: IncomingMessage, socket: Duplex, head: Buffer) {
    this.http = request.httpVersion
    this.headers = request.rawHeaders
    this.#protocol = request.headers.upgrade ?? 'websocket'
    this.stream = socket
    if (head.length > 0) socket.unshift(head)
  }

  accept(reason: string, headers: RawHeaders): void {
    this.#writeHead(101, reason, ['Upgrade', this.#protocol, 'Connection', 'Upgrade', ...headers])
  }

  decline(status: number, reason: string, headers: RawHeaders): Writable {
    this.#writeHead(status, reason, [...headers, 'Connection', 'close'])
    this.stream.once('finish', () => setTimeout(() => this.stream.destroy(), CLOSE_MS).unref())
    this.stream.resume()
    return this.stream
  }

  answer(answer: LocalAnswer): void {
    sendRawAnswer(this.stream, answer)
  }

  cut(): void {
    this.stream.destroy()
  }

  #writeHead(status: number, reason: string, headers: RawHeaders): void {
    const phrase = reasonPhrase(reason) === '' ? (STATUS_CODES[status] ?? '') : reason
    let head = `HTTP/1.1 ${status} ${phrase}\r\n`
    for (let index = 0; index + 1 < headers.length; index += 2) {
      head += `${headers[index] ?? ''}: ${headers[index + 1] ?? ''}\r\n`
    }
    this.stream.write(`${head}\r\n`, 'latin1')
  }
}
