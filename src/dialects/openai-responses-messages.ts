/** OpenAI's responses API over WebSocket: each message is one JSON event; requests go one after the other. */
import { Buffer } from 'node:buffer'
import type { MessageReader, ServerMessage, Usage } from './dialect.ts'
import type { JsonObject } from './usage.ts'

/** Longer ones are not parsed to see what they are: they are requests. */
const MAX_PARSED_BYTES = 1_048_576

const REQUESTS: ReadonlySet<unknown> = new Set(['response.create', 'response.append'])
const LAST: ReadonlySet<unknown> = new Set(['response.completed', 'response.failed', 'response.incomplete', 'error'])
/** Only what holds one of these is parsed: deltas pass unread. */
const SIGNS = ['"response.completed"', '"response.failed"', '"response.incomplete"', '"error"']

/** `readUsage`: model and tokens of an event. */
export const openaiResponsesMessages = (readUsage: (event: JsonObject) => Partial<Usage>): MessageReader => ({
  isRequest: (message) => {
    if (message.length > MAX_PARSED_BYTES) return true
    const event = parsed(message)
    // Whatever names a model or brings input asks for something, also when its type is newer than this list.
    return event !== null && (REQUESTS.has(event['type']) || 'input' in event || 'model' in event)
  },
  serverMessage: (message) => {
    const bytes = Buffer.from(message.buffer, message.byteOffset, message.length)
    const event = SIGNS.some((sign) => bytes.includes(sign)) ? parsed(message) : null
    return event !== null && LAST.has(event['type']) ? lastMessage(event, readUsage) : null
  },
  refusal: ({ status, code, line }) =>
    Buffer.from(
      JSON.stringify({
        type: 'error',
        status,
        error: { type: status < 500 ? 'invalid_request_error' : 'server_error', code, message: line },
      }),
    ),
})

function lastMessage(event: JsonObject, readUsage: (event: JsonObject) => Partial<Usage>): ServerMessage {
  if (event['type'] !== 'error') return { isLast: true, status: 200, usage: readUsage(event) }
  const status = event['status']
  const isStatus = typeof status === 'number' && Number.isInteger(status) && status >= 100 && status <= 599
  return { isLast: true, status: isStatus ? status : null, usage: {} }
}

function parsed(message: Uint8Array): JsonObject | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(message.buffer, message.byteOffset, message.length).toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null
  } catch {
    // Not an event: nothing is known of it, which is what `null` says.
    return null
  }
}
