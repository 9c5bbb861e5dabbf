/** Google's Gemini API (AI Studio and Vertex); `gemini-code-assist.ts` is the same in an envelope. */
import type { LocalAnswer, Notice } from '../domain/notice.ts'
import type { RequestHead } from '../domain/tool.ts'
import { jsonBodyParts } from './body-parts.ts'
import type { Dialect } from './dialect.ts'
import { geminiRestorePoints } from './gemini-restore.ts'
import type { JsonKeys } from './json-parts.ts'
import { COMMON_NAMES, SIGNED_KEYS } from './keys.ts'
import { jsonAnswer } from './local-answer.ts'
import { countAt, createUsageReader, type JsonObject, nameAt, objectAt, sumCounts, type UsageRules } from './usage.ts'

/** `args` and `response` are a function call's own: all of it is text. Used for both Gemini dialects. */
export const GEMINI_KEYS: JsonKeys = {
  names: new Set([...COMMON_NAMES, 'mimeType', 'mime_type', 'threshold', 'category', 'mode', 'responseMimeType']),
  signed: new Set(SIGNED_KEYS),
  free: new Set(['args', 'response']),
  signedInside: new Set(),
}

/** 400 in the shape of Google's errors. */
export const geminiRefusal = (notice: Notice): LocalAnswer =>
  jsonAnswer({ status: 400, value: { error: { code: 400, message: notice.line, status: 'INVALID_ARGUMENT' } } })

/** Usage of a response object; code assist wraps it in `response`. */
export const GEMINI_USAGE: UsageRules = {
  signs: ['"usageMetadata"'],
  read: (value: JsonObject) => {
    const response = value['response'] === undefined ? value : objectAt(value, 'response')
    const usage = objectAt(response, 'usageMetadata')
    return {
      model: nameAt(response, 'modelVersion'),
      tokensIn: sumCounts(countAt(usage, 'promptTokenCount'), countAt(usage, 'toolUsePromptTokenCount')),
      tokensOut: sumCounts(countAt(usage, 'candidatesTokenCount'), countAt(usage, 'thoughtsTokenCount')),
    }
  },
}

const VERBS =
  /\/(?:models|tunedModels|endpoints)\/[^/:]+:(?:generateContent|streamGenerateContent|batchGenerateContent|countTokens|embedContent|batchEmbedContents)$/u

const recognise = (head: RequestHead): boolean => head.method === 'POST' && VERBS.test(head.path)

export const gemini: Dialect = {
  id: 'gemini',
  recognise,
  textParts: (body, contentType, memory) => jsonBodyParts(body, contentType, GEMINI_KEYS, memory),
  refusal: geminiRefusal,
  restorePoints: geminiRestorePoints,
  usageReader: (contentType) => createUsageReader(contentType, GEMINI_USAGE),
}
