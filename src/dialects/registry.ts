/** Every dialect, by id and by wire shape. A new provider family is a new file and one line here. */
import type { DialectId, RequestHead } from '../domain/tool.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import { bedrock } from './bedrock.ts'
import { connect } from './connect.ts'
import type { Dialect } from './dialect.ts'
import { gemini } from './gemini.ts'
import { geminiCodeAssist } from './gemini-code-assist.ts'
import { generic } from './generic.ts'
import { grpc } from './grpc.ts'
import { mcp } from './mcp.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiResponses } from './openai-responses.ts'

const BY_ID: Readonly<Record<DialectId, Dialect>> = {
  'anthropic-messages': anthropicMessages,
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  gemini,
  'gemini-code-assist': geminiCodeAssist,
  bedrock,
  connect,
  grpc,
  mcp,
  generic,
}

/** Paths that only one dialect has come first; `anthropic-version` is sent on any path of a relay. */
const IN_ORDER: readonly Dialect[] = [
  geminiCodeAssist,
  gemini,
  bedrock,
  openaiChat,
  openaiResponses,
  anthropicMessages,
  connect,
  grpc,
  mcp,
  generic,
]

/** The dialect of an id; the type makes every id known. */
export const dialectById = (id: DialectId): Dialect => BY_ID[id]

/** The AI dialect whose wire shape a head has, on whatever host; `null` for everything ordinary. */
export const recogniseDialect = (head: RequestHead): DialectId | null =>
  IN_ORDER.find((dialect) => dialect.recognise(head))?.id ?? null
