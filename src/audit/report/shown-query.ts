/** The question of a pack as the pack shows it: a pack that names no persons does not name those that were asked for. */
import { findKey, type SearchKeyName } from '../../domain/event-search-keys.ts'
import { type SearchToken, searchTokens } from '../../domain/search-tokens.ts'
import type { PrivacyMode } from './statistics.ts'

const REMOVED = '[removed]'
/** Their values name somebody. `who`, the pseudonym, stays: the records have it, too. */
const PERSONAL: ReadonlySet<SearchKeyName> = new Set([
  'user',
  'group',
  'device',
  'addr',
  'network',
  'client',
  'actor',
  'target',
] as const)

/** Without values of personal keys, words and phrases (which may be names) unless the pack has its persons. */
export function shownQuery(text: string, privacy: PrivacyMode): string {
  if (privacy === 'full') return text
  const cut = searchTokens(text)
  if (!cut.ok) return REMOVED
  return cut.tokens.map((token, index) => shownTerm(token, text.slice(token.at, cut.tokens[index + 1]?.at))).join(' ')
}

function shownTerm({ key, isNegated }: SearchToken, written: string): string {
  const name = key === null ? undefined : findKey(key.text)
  if (name !== undefined && !PERSONAL.has(name)) return written.trim()
  return `${isNegated ? '-' : ''}${name === undefined ? '' : `${name}:`}${REMOVED}`
}
