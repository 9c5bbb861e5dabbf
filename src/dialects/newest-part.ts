/**
 * Which part of a request is new: a client of these dialects sends its whole conversation again with each turn, so that
 * what stands before the newest message was sent before.
 */
import { Buffer } from 'node:buffer'
import type { DialectId } from '../domain/tool.ts'

/** Where a text stands: number of its message, and of its part in that. */
export interface PartPlace {
  readonly message: number
  readonly part: number
}

interface Shape {
  /** Where the list of messages is, beside the top. */
  readonly under?: string
  readonly list: string
  readonly parts: string
}

const SHAPES: Partial<Readonly<Record<DialectId, Shape>>> = {
  'anthropic-messages': { list: 'messages', parts: 'content' },
  'openai-chat': { list: 'messages', parts: 'content' },
  'openai-responses': { under: 'response', list: 'input', parts: 'content' },
  gemini: { list: 'contents', parts: 'parts' },
  'gemini-code-assist': { under: 'request', list: 'contents', parts: 'parts' },
}

/** Whose messages a model wrote: they are never what is new. */
const MODEL_ROLES = new Set<unknown>(['assistant', 'model'])
/** What a model did, where a message has no role (`openai-responses`). */
const MODEL_ITEMS = /^(?:reasoning|compaction|item_reference|.*_call)$/u

/** The last part of the newest message that no model wrote; `null`: there is none, or the dialect has no conversations. */
export function newestPart(dialect: DialectId, body: Uint8Array): PartPlace | null {
  const shape = SHAPES[dialect]
  if (shape === undefined) return null
  const list = messagesOf(shape, body)
  const message = list?.findLastIndex((each) => !isOfModel(each)) ?? -1
  if (list === null || message < 0) return null
  const parts = membersOf(list[message])[shape.parts]
  return { message, part: Array.isArray(parts) ? Math.max(0, parts.length - 1) : 0 }
}

/** Where the text of `field` (a path as in findings) stands; `null`: not in a message of a list. */
export function placeOfField(dialect: DialectId, field: string): PartPlace | null {
  const shape = SHAPES[dialect]
  if (shape === undefined) return null
  const found = /^(?:([a-z]+)\.)?([a-z]+)\[(\d+)\](?:\.([a-z]+)\[(\d+)\])?/u.exec(field)
  if (found === null || (found[1] !== undefined && found[1] !== shape.under) || found[2] !== shape.list) return null
  return { message: Number(found[3]), part: found[4] === shape.parts ? Number(found[5]) : 0 }
}

/** Is `field` the whole conversation in one text, so that nothing tells what of it is new? */
export const isWholeConversation = (dialect: DialectId, field: string): boolean => {
  const shape = SHAPES[dialect]
  return shape !== undefined && (field === shape.list || field === `${shape.under ?? ''}.${shape.list}`)
}

function messagesOf({ under, list }: Shape, body: Uint8Array): readonly unknown[] | null {
  const top = membersOf(parsed(body))
  const inner = under === undefined ? {} : membersOf(top[under])
  const messages = inner[list] ?? top[list]
  return Array.isArray(messages) ? (messages as unknown[]) : null
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  } catch {
    return null
  }
}

const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

function isOfModel(message: unknown): boolean {
  const { role, type } = membersOf(message)
  if (role !== undefined) return MODEL_ROLES.has(role)
  return typeof type === 'string' && MODEL_ITEMS.test(type)
}
