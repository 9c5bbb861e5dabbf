/** Gemini Code Assist (Gemini CLI with a Google login): Gemini's body inside `{model, project, request}`. */
import type { RequestHead } from '../domain/tool.ts'
import { jsonBodyParts } from './body-parts.ts'
import type { Dialect } from './dialect.ts'
import { GEMINI_KEYS, GEMINI_USAGE, geminiRefusal } from './gemini.ts'
import { geminiRestorePoints } from './gemini-restore.ts'
import { createUsageReader } from './usage.ts'

const VERBS = /\/v1internal:(?:generateContent|streamGenerateContent|countTokens)$/u

const recognise = (head: RequestHead): boolean => head.method === 'POST' && VERBS.test(head.path)

export const geminiCodeAssist: Dialect = {
  id: 'gemini-code-assist',
  recognise,
  textParts: (body, contentType, memory) => jsonBodyParts(body, contentType, GEMINI_KEYS, memory),
  refusal: geminiRefusal,
  restorePoints: geminiRestorePoints,
  usageReader: (contentType) => createUsageReader(contentType, GEMINI_USAGE),
}
