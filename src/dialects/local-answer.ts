/** Makes the answers that dialects refuse with. The headers that every block carries are added by `notice/answer.ts`. */
import { Buffer } from 'node:buffer'
import type { RawHeaders } from '../domain/headers.ts'
import type { LocalAnswer } from '../domain/notice.ts'

interface JsonAnswer {
  readonly status: number
  readonly value: unknown
  /** `application/json` unless said. */
  readonly contentType?: string
  readonly headers?: RawHeaders
}

/** An answer with a JSON body. */
export const jsonAnswer = ({ status, value, contentType, headers }: JsonAnswer): LocalAnswer => ({
  status,
  headers: ['content-type', contentType ?? 'application/json', ...(headers ?? [])],
  body: Buffer.from(JSON.stringify(value)),
})
