/** Reads model and token counts from a response as it passes: JSON or server-sent events, with bounded memory. */
import type { Buffer } from 'node:buffer'
import { GrowingBytes } from '../wire/growing-bytes.ts'
import { createSseParser, SSE_MAX_EVENT_BYTES } from '../wire/sse.ts'
import type { Usage, UsageReader } from './dialect.ts'
import { mediaType } from './wire-shape.ts'

/** JSON bodies beyond this are not read for usage: all counts stay `null`. */
export const USAGE_MAX_JSON_BYTES = 4_194_304

/** A parsed JSON object, untrusted. */
export type JsonObject = Readonly<Record<string, unknown>>

export interface UsageRules {
  /** What a whole JSON body, or one event's data, says. `null` and absent fields leave what was known. */
  readonly read: (value: JsonObject) => Partial<Usage>
  /** Only data that holds one of these byte strings is parsed: deltas pass unread. */
  readonly signs: readonly string[]
}

const NOTHING: Usage = { model: null, tokensIn: null, tokensOut: null }

/** For dialects whose responses say nothing that we read. */
export const noUsageReader = (): UsageReader => ({ push: () => undefined, end: () => NOTHING })

/** A reader by content type; anything but JSON and event streams gives nulls. */
export function createUsageReader(contentType: string | null, rules: UsageRules): UsageReader {
  const type = mediaType(contentType)
  if (type === 'text/event-stream') return sseReader(rules)
  return type === 'application/json' || type.endsWith('+json') ? jsonReader(rules) : noUsageReader()
}

function sseReader(rules: UsageRules): UsageReader {
  let usage = NOTHING
  const parser = createSseParser(({ data }) => {
    if (rules.signs.some((sign) => data.includes(sign))) usage = merge(usage, readData(data, rules))
  }, SSE_MAX_EVENT_BYTES)
  return { push: (chunk) => parser.push(chunk), end: () => usage }
}

function jsonReader(rules: UsageRules): UsageReader {
  const body = new GrowingBytes()
  let size = 0
  return {
    push: (chunk) => {
      size += chunk.length
      if (size > USAGE_MAX_JSON_BYTES) body.clear()
      else body.add(chunk)
    },
    end: () => (size > USAGE_MAX_JSON_BYTES ? NOTHING : merge(NOTHING, readData(body.bytes(), rules))),
  }
}

/** A body may be an array of objects (Gemini without `alt=sse`): each is read in turn. */
function readData(data: Buffer, rules: UsageRules): Partial<Usage> {
  let value: unknown
  try {
    value = JSON.parse(data.toString('utf8'))
  } catch {
    // Not our response to judge: the client sees it as it is, the event says null.
    return {}
  }
  return (Array.isArray(value) ? value : [value]).reduce<Usage>(
    (usage, item) => (isObject(item) ? merge(usage, rules.read(item)) : usage),
    NOTHING,
  )
}

/** The last model and the largest counts: providers repeat counts that grow, and leave some out at the end. */
const merge = (usage: Usage, more: Partial<Usage>): Usage => ({
  model: more.model ?? usage.model,
  tokensIn: larger(usage.tokensIn, more.tokensIn ?? null),
  tokensOut: larger(usage.tokensOut, more.tokensOut ?? null),
})

const larger = (a: number | null, b: number | null): number | null => (a === null ? b : Math.max(a, b ?? 0))

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The member as an object; an empty one when it is none. */
export const objectAt = (value: JsonObject, key: string): JsonObject => {
  const member = value[key]
  return isObject(member) ? member : {}
}

/** The member as a token count; `null` when it is no whole number from 0. */
export const countAt = (value: JsonObject, key: string): number | null => {
  const member = value[key]
  return typeof member === 'number' && Number.isSafeInteger(member) && member >= 0 ? member : null
}

/** The member as a model name; `null` when it is no text of sensible length. */
export const nameAt = (value: JsonObject, key: string): string | null => {
  const member = value[key]
  return typeof member === 'string' && member !== '' && member.length <= 200 ? member : null
}

/** The sum of the counts that are there; `null` when none is. */
export const sumCounts = (...counts: readonly (number | null)[]): number | null => {
  const known = counts.filter((count) => count !== null)
  return known.length === 0 ? null : known.reduce((sum, count) => sum + count, 0)
}
