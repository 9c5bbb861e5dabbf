/** The parameter `q` of routes that search events: a question in the search language. */
import { z } from 'zod'
import { MAX_SEARCH_CHARS, parseEventSearch } from '../../domain/event-search.ts'
import { ApiProblem } from '../problem.ts'

export const questionFilter = z
  .string()
  .min(1)
  .max(MAX_SEARCH_CHARS)
  .describe('a question in the search language of docs/audit.md, e.g. `tool:codex -action:allow since:7d`')

/** Throws a problem that names the place of the mistake. */
export function checkQuestion(q: string | undefined): void {
  if (q === undefined) return
  const parsed = parseEventSearch(q, Date.now())
  if (parsed.ok) return
  const { at, message } = parsed
  throw new ApiProblem(400, 'the question cannot be read', { problems: [{ path: 'query.q', message, at }] })
}
