/** What a head alone says, for whoever explains a request without its body. */
import { AI_SCORE } from '../domain/sighting.ts'
import type { DialectId, RequestHead } from '../domain/tool.ts'
import { headSigns } from './head-signs.ts'
import { scoreOf } from './score.ts'

/** The dialect in which a request to a host outside the catalogue would be read; `null`: its head is not that of AI. */
export function seenDialect(head: RequestHead): DialectId | null {
  const { score, dialect } = scoreOf(headSigns(head))
  return score >= AI_SCORE ? dialect : null
}
