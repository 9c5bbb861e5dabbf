/** The error shape that OpenAI's chat and responses APIs share. */
import type { LocalAnswer, Notice } from '../domain/notice.ts'
import { jsonAnswer } from './local-answer.ts'

/** 400 with the notice in `error.message`: the only answer that every measured client shows after one try. */
export const openaiRefusal = (notice: Notice): LocalAnswer =>
  jsonAnswer({
    status: 400,
    value: {
      error: { message: notice.line, type: 'invalid_request_error', param: null, code: 'weir_policy_block' },
    },
  })
