/** The answer to programs outside inference: problem details (RFC 9457) with status 403. */
import { problemAnswer } from '../dialects/generic.ts'
import type { LocalAnswer, Notice } from '../domain/notice.ts'

/** 403 may make a client log in again, so it is never used for inference; there the dialect refuses with 400. */
export const problemJson = (notice: Notice): LocalAnswer => problemAnswer(notice, 403)
