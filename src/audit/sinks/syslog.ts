/**
 * Syslog over TCP or TLS: RFC 5424 messages, each with its length in front (octet counting, RFC 6587 section 3.4.1 and RFC
 * 5425 section 4.3). Syslog has no acknowledgement: what a receiver had not read when it died is gone, and the sender
 * cannot tell. Here a delivery therefore has a connection of its own: we end our side behind the last message, and only a
 * receiver that has read to that end closes the other side in order.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { connect as connectTls } from 'node:tls'
import { accepted, connected, writeAndEnd } from './receiver-socket.ts'
import type { SyslogSettings } from './settings.ts'
import { DELIVERED, retry, type SendResult, type Sink, type SinkMessage, type SinkSeverity } from './sink.ts'
import { readTlsFiles } from './tls-files.ts'

/** RFC 5424 section 6.2.1, table 2. */
const SEVERITY: Readonly<Record<SinkSeverity, number>> = { error: 3, warning: 4, notice: 5, info: 6 }

/** A receiver that sends or takes a byte at a time is given up after so many pauses' length in all. */
const MAX_PAUSES = 10

export interface SyslogHeader {
  readonly facility: number
  /** PRINTUSASCII, at most 255. */
  readonly host: string
  readonly processId: number
}

/** One message as RFC 5424 section 6 has it; the record's id stands in its structured data. */
export function syslogMessage({ id, time, phase, severity, text }: SinkMessage, header: SyslogHeader): string {
  const priority = header.facility * 8 + SEVERITY[severity]
  // 32473 is the private enterprise number for names like ours (RFC 5612).
  const data = `[weir@32473 id="${plain(id, 64)}"]`
  return `<${priority}>1 ${plain(time, 40)} ${header.host} weir ${header.processId} ${plain(phase, 32)} ${data} ${text}`
}

/** With its length in bytes in front. */
export const octetCounted = (message: string): string => `${Buffer.byteLength(message)} ${message}`

const plain = (text: string, max: number): string => text.replace(/[^!#-Z^-~]/gu, '').slice(0, max) || '-'

export function createSyslogSink(settings: SyslogSettings): Sink {
  return new SyslogSink(settings)
}

class SyslogSink implements Sink {
  readonly #settings: SyslogSettings
  readonly #header: SyslogHeader
  /** Kept open between deliveries when they are not confirmed by its end. */
  #kept: Socket | null = null
  /** Of the attempt under way. */
  #current: Socket | null = null

  constructor(settings: SyslogSettings) {
    this.#settings = settings
    this.#header = { facility: settings.facility, host: plain(hostname(), 255), processId: process.pid }
  }

  send = async (batch: readonly SinkMessage[]): Promise<SendResult> => {
    const bytes = Buffer.from(batch.map((message) => octetCounted(syslogMessage(message, this.#header))).join(''))
    let overall: NodeJS.Timeout | undefined
    try {
      const kept = this.#usable()
      const socket = kept ?? this.#open()
      this.#current = socket
      const longestMs = this.#settings.timeoutMs * MAX_PAUSES
      overall = setTimeout(() => socket.destroy(new Error(`not done within ${longestMs} ms`)), longestMs)
      const graceMs = kept === null ? await connected(socket) : 0
      if (this.#settings.confirm === 'close') await writeAndEnd(socket, bytes, graceMs)
      else {
        if (kept === null) await accepted(socket, graceMs)
        await this.#writeAndKeep(socket, bytes)
      }
      return DELIVERED
    } catch (error) {
      return retry(error)
    } finally {
      clearTimeout(overall)
      this.#current = null
    }
  }

  close = (): Promise<void> => {
    this.#kept?.destroy()
    this.#current?.destroy(new Error('the sink was closed'))
    return Promise.resolve()
  }

  #usable(): Socket | null {
    const socket = this.#kept
    this.#kept = null
    return socket?.writable === true && socket.readable ? socket : null
  }

  #open(): Socket {
    const { host, port, tls, timeoutMs } = this.#settings
    const socket = tls
      ? connectTls({
          host,
          port,
          ...(isIP(host) === 0 ? { servername: host } : {}),
          ...readTlsFiles(this.#settings),
          // Whatever the environment says.
          rejectUnauthorized: true,
        })
      : connectTcp({ host, port, allowHalfOpen: true })
    socket.setTimeout(timeoutMs)
    socket.on('timeout', () => socket.destroy(new Error(`no answer for ${timeoutMs} ms`)))
    return socket
  }

  async #writeAndKeep(socket: Socket, bytes: Buffer): Promise<void> {
    socket.setTimeout(this.#settings.timeoutMs)
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.write(bytes, () => {
        socket.off('error', reject)
        resolve()
      })
    })
    socket.setTimeout(0)
    socket.on('error', () => socket.destroy())
    socket.resume()
    this.#kept = socket
  }
}
