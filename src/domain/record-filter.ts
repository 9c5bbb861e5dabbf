/** Which single records somebody wants, in the language of the event search. Pure. */
import { type EventSearch, parseEventSearch, type SearchTerm } from './event-search.ts'
import type { SearchMistake } from './search-tokens.ts'

/** Keys that only the person of a record answers. */
const PERSON_KEYS: ReadonlySet<string> = new Set(['user', 'group', 'device', 'addr', 'network', 'client'])

export type FilterResult =
  | { readonly ok: true; readonly filter: EventSearch }
  /** The first mistake; `at` is an offset in UTF-16 units. */
  | ({ readonly ok: false } & SearchMistake)

/** Read a filter; `hasPersons`: records come with their persons. Never throws. */
export function parseRecordFilter(text: string, { hasPersons }: { readonly hasPersons: boolean }): FilterResult {
  const parsed = parseEventSearch(text, 0)
  if (!parsed.ok) return parsed
  if (parsed.search.length === 0) return { ok: false, at: 0, message: 'there is nothing in it: leave it out' }
  for (const term of parsed.search) {
    const message = notForRecords(term, hasPersons)
    if (message !== null) return { ok: false, at: term.at, message }
  }
  return { ok: true, filter: parsed.search }
}

function notForRecords(term: SearchTerm, hasPersons: boolean): string | null {
  if (term.kind === 'time') return `\`${term.key}:\` is no filter: records are sent as they come`
  if (term.kind !== 'text' || hasPersons || !PERSON_KEYS.has(term.key)) return null
  return `\`${term.key}:\` asks who it was, which \`persons: false\` does not tell: \`who:\` is the pseudonym`
}
