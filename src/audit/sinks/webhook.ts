/**
 * Deliveries to any HTTP endpoint, signed as "Standard Webhooks" has it (github.com/standard-webhooks): HMAC-SHA256 over
 * `id.timestamp.body`, so that whoever has the secret knows who sent it, when, and that nothing was changed.
 */
import { createHash, createHmac } from 'node:crypto'
import { createPoster } from './http-post.ts'
import { resultOf } from './http-result.ts'
import type { WebhookSettings } from './settings.ts'
import { retry, type SendResult, type Sink, type SinkMessage } from './sink.ts'
import { readSecret } from './tls-files.ts'

/** The same records have the same id, however often they are sent. */
export const deliveryId = (batch: readonly SinkMessage[]): string =>
  `msg_${createHash('sha256')
    .update(batch.map(({ id }) => id).join(' '))
    .digest('base64url')
    .slice(0, 27)}`

/** One JSON object: the delivery's id and its events; what is no JSON stands as text. */
export const webhookBody = (id: string, batch: readonly SinkMessage[]): string =>
  `{"id":${JSON.stringify(id)},"events":[${batch.map(({ text, isJson }) => (isJson ? text : JSON.stringify(text))).join(',')}]}`

/** `v1,<base64>`; `timestamp` in seconds. A secret `whsec_…` is the base64 of the key, any other one the key itself. */
export function webhookSignature(secret: string, id: string, timestamp: number, body: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret)
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}

export function createWebhookSink(settings: WebhookSettings): Sink {
  const poster = createPoster(settings)
  const send = async (batch: readonly SinkMessage[]): Promise<SendResult> => {
    try {
      const id = deliveryId(batch)
      const body = webhookBody(id, batch)
      const timestamp = Math.floor(Date.now() / 1000)
      const headers = {
        'content-type': 'application/json',
        'idempotency-key': id,
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': webhookSignature(readSecret(settings.secretFile), id, timestamp, body),
        ...(settings.tokenFile === null ? {} : { authorization: `Bearer ${readSecret(settings.tokenFile)}` }),
      }
      return resultOf(await poster.post(settings.url, headers, body), Date.now())
    } catch (error) {
      return retry(error)
    }
  }
  return {
    send,
    close: () => {
      poster.close()
      return Promise.resolve()
    },
  }
}
