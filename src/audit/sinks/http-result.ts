/** What an HTTP answer means for a delivery, as far as the kinds of sinks agree. */
import { retryAfterMs } from './backoff.ts'
import type { HttpAnswer } from './http-post.ts'
import { DELIVERED, type FailedSend, type SendResult, shorten } from './sink.ts'

/** The receiver read the body and found fault with it: 400 Bad Request, 422 Unprocessable Content. */
const REFUSALS = new Set([400, 422])

/** A status that is neither success nor a word on the records (credentials, paths, redirects, overload) is waited out. */
export function resultOf(answer: HttpAnswer, nowMs: number): SendResult {
  const { status, headers } = answer
  if (status >= 200 && status < 300) return DELIVERED
  const why = whyOfAnswer(answer)
  if (status === 413) return { kind: 'too-large', ...why }
  if (REFUSALS.has(status)) return { kind: 'refused', ...why }
  const afterMs = retryAfterMs(headers['retry-after'], nowMs)
  return { kind: 'retry', ...why, ...(afterMs === undefined ? {} : { afterMs }) }
}

/** Codes of HEC have two digits; a longer number might be one of a record. */
const isCode = (code: unknown): code is number => Number.isInteger(code) && Number(code) >= 0 && Number(code) < 1000

/** Status and number of the error, as HEC has one. The receiver's words may be those of a record: they stand apart. */
export function whyOfAnswer(answer: HttpAnswer): Pick<FailedSend, 'why' | 'said'> {
  const { status, text } = answer
  const { code } = jsonOf(answer)
  const number = isCode(code) ? `, code ${code}` : ''
  const said = shorten(text.slice(0, 200))
  return { why: `status ${status}${number}`, ...(said === '' ? {} : { said }) }
}

/** An object of the answer's JSON; `{}` for anything else. */
export function jsonOf({ text }: HttpAnswer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {} // receivers may answer with a page
  }
}
