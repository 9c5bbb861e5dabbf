/**
 * Splunk's HTTP Event Collector (docs.splunk.com, "Format events for HTTP Event Collector" and "HTTP Event Collector
 * indexer acknowledgment"): events one after another in one body. When the token has indexer acknowledgement the answer
 * holds an `ackId`, and a delivery counts only once the indexers have said that it is stored.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { createPoster, type HttpAnswer, type HttpPoster } from './http-post.ts'
import { jsonOf, resultOf, whyOfAnswer } from './http-result.ts'
import type { HecSettings } from './settings.ts'
import { DELIVERED, retry, type SendResult, type Sink, type SinkMessage } from './sink.ts'
import { readSecret } from './tls-files.ts'

const ACK_EVERY_MS = 500
const EVENT_PATH = '/services/collector/event'
const ACK_PATH = '/services/collector/ack'
/** Codes of HEC that speak of the body; the other ones of status 400 (index, channel, acknowledgement) of the set-up. */
const BODY_CODES = new Set([5, 6, 12, 13, 15])

/** One event of the body. Its time in seconds; the id is an indexed field, so that `dedup weir_id` works. */
export function hecEvent(
  { id, time, text, isJson }: SinkMessage,
  { index, sourcetype }: Pick<HecSettings, 'index' | 'sourcetype'>,
): string {
  const about = JSON.stringify({
    time: Date.parse(time) / 1000,
    host: hostname(),
    source: 'weir',
    sourcetype,
    ...(index === null ? {} : { index }),
    fields: { weir_id: id },
  })
  return `${about.slice(0, -1)},"event":${isJson ? text : JSON.stringify(text)}}`
}

export const createHecSink = (settings: HecSettings): Sink => new HecSink(settings)

class HecSink implements Sink {
  readonly #settings: HecSettings
  readonly #poster: HttpPoster
  /** Acknowledgements belong to a channel, which is the sender's to choose. */
  readonly #channel = randomUUID()
  readonly #closing = new AbortController()

  constructor(settings: HecSettings) {
    this.#settings = settings
    this.#poster = createPoster(settings)
  }

  send = async (batch: readonly SinkMessage[]): Promise<SendResult> => {
    try {
      const body = batch.map((message) => hecEvent(message, this.#settings)).join('')
      const answer = await this.#post(EVENT_PATH, body)
      const { code, ackId } = jsonOf(answer)
      if (answer.status === 400 && typeof code === 'number' && !BODY_CODES.has(code)) {
        return { kind: 'retry', ...whyOfAnswer(answer) }
      }
      const result = resultOf(answer, Date.now())
      return result.kind === 'delivered' && typeof ackId === 'number' ? await this.#acknowledged(ackId) : result
    } catch (error) {
      return retry(error)
    }
  }

  close = (): Promise<void> => {
    this.#closing.abort()
    this.#poster.close()
    return Promise.resolve()
  }

  async #acknowledged(ackId: number): Promise<SendResult> {
    const end = performance.now() + this.#settings.ackMs
    while (performance.now() < end) {
      const answer = await this.#post(ACK_PATH, JSON.stringify({ acks: [ackId] }))
      const { acks } = jsonOf(answer)
      if (answer.status === 200 && (acks as Record<string, unknown> | undefined)?.[String(ackId)] === true)
        return DELIVERED
      if (answer.status >= 400 && answer.status < 500) {
        const { why, ...said } = whyOfAnswer(answer)
        return { kind: 'retry', why: `acknowledgement: ${why}`, ...said }
      }
      await pause(ACK_EVERY_MS, undefined, { signal: this.#closing.signal })
    }
    return { kind: 'retry', why: `not acknowledged within ${this.#settings.ackMs} ms` }
  }

  #post(path: string, body: string): Promise<HttpAnswer> {
    const { url, tokenFile } = this.#settings
    const target = new URL(url)
    // A collector behind a gateway may have another path; without one it is Splunk's.
    if (path === ACK_PATH || target.pathname === '/') target.pathname = path
    if (path === ACK_PATH) target.searchParams.set('channel', this.#channel)
    return this.#poster.post(
      target.href,
      {
        'content-type': 'application/json',
        'x-splunk-request-channel': this.#channel,
        ...(tokenFile === null ? {} : { authorization: `Splunk ${readSecret(tokenFile)}` }),
      },
      body,
    )
  }
}
