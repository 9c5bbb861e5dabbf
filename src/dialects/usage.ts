/** Reads model and token counts from a response as it passes: JSON, events, lines or AWS frames, with bounded memory. */
import { Buffer } from 'node:buffer'
import { createEventStreamParser } from '../wire/aws-eventstream.ts'
import { createJsonObjects } from '../wire/json-objects.ts'
import { createSseParser, SSE_MAX_EVENT_BYTES } from '../wire/sse.ts'
import type { Usage, UsageReader } from './dialect.ts'
import { mediaType } from './wire-shape.ts'

/** An object of JSON beyond this, a whole body or an element of an array, is not read for usage: its counts stay `null`. */
export const USAGE_MAX_JSON_BYTES = 4_194_304

/** The same for a line, and for a frame of an AWS event stream. */
export const USAGE_MAX_EVENT_BYTES = 1_048_576

/** A parsed JSON object, untrusted. */
export type JsonObject = Readonly<Record<string, unknown>>

export interface UsageRules {
  /** What a whole JSON body, an element of one, or one event's data, says. `null` and absent fields leave what was known. */
  readonly read: (value: JsonObject) => Partial<Usage>
  /** Only data that holds one of these byte strings is parsed: deltas pass unread. */
  readonly signs: readonly string[]
}

const NOTHING: Usage = { model: null, tokensIn: null, tokensOut: null }

/** For dialects whose responses say nothing that we read. */
export const noUsageReader = (): UsageReader => ({ push: () => undefined, end: () => NOTHING })

const LINES = /^application\/(?:x-)?(?:nd-?json|jsonl|jsonlines|json-lines|stream\+json)$/u

/** A reader by content type; anything but JSON, JSON lines and event streams gives nulls. */
export function createUsageReader(contentType: string | null, rules: UsageRules): UsageReader {
  const type = mediaType(contentType)
  const kept = keeper(rules)
  if (type === 'text/event-stream')
    return kept.reader(createSseParser(({ data }) => kept.signed(data), SSE_MAX_EVENT_BYTES))
  if (type === 'application/vnd.amazon.eventstream') {
    return kept.reader(createEventStreamParser(({ payload }) => kept.enveloped(payload), USAGE_MAX_EVENT_BYTES))
  }
  if (LINES.test(type)) {
    return kept.reader(createJsonObjects(kept.signed, { maxBytes: USAGE_MAX_EVENT_BYTES, isLines: true }))
  }
  if (type !== 'application/json' && !type.endsWith('+json')) return noUsageReader()
  // One object, or an array of them that comes piece by piece (Gemini without `alt=sse`).
  return kept.reader(createJsonObjects(kept.any, { maxBytes: USAGE_MAX_JSON_BYTES, isLines: false }))
}

interface Keeper {
  /** Any JSON. */
  readonly any: (data: Buffer) => void
  /** JSON that is worth parsing only where it holds a sign. */
  readonly signed: (data: Buffer) => void
  /** The same, perhaps as base64 in the member `bytes`: Bedrock's envelope around what the model's vendor streams. */
  readonly enveloped: (data: Buffer) => void
  readonly reader: (parser: { readonly push: (chunk: Uint8Array) => unknown }) => UsageReader
}

function keeper(rules: UsageRules): Keeper {
  let usage = NOTHING
  const any = (data: Buffer): void => {
    const value = parsed(data)
    if (value !== null) usage = merge(usage, rules.read(value))
  }
  const signed = (data: Buffer): void => {
    if (rules.signs.some((sign) => data.includes(sign))) any(data)
  }
  return {
    any,
    signed,
    enveloped: (data) => {
      const inner = data.includes('"bytes"') ? parsed(data)?.['bytes'] : undefined
      signed(typeof inner === 'string' ? Buffer.from(inner, 'base64') : data)
    },
    reader: (parser) => ({ push: (chunk) => void parser.push(chunk), end: () => usage }),
  }
}

/** `null` when it is no JSON object. Not our response to judge: the client sees it as it is, the event says null. */
function parsed(data: Buffer): JsonObject | null {
  try {
    const value: unknown = JSON.parse(data.toString('utf8'))
    return isObject(value) ? value : null
  } catch {
    return null
  }
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

/** The first count that is there: where several members say the same in the spellings of several vendors. */
export const firstCount = (...counts: readonly (number | null)[]): number | null =>
  counts.find((count) => count !== null) ?? null
