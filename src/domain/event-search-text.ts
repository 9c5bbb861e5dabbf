/** Writes an event search as text that reads back as the same. */
import type { EventSearch, SearchTerm } from './event-search.ts'
import { rangeText } from './search-values.ts'
import type { TextPattern } from './text-pattern.ts'

export const printEventSearch = (search: EventSearch): string => search.map(termText).join(' ')

function termText(term: SearchTerm): string {
  const sign = 'isNegated' in term && term.isNegated ? '-' : ''
  switch (term.kind) {
    case 'text':
      return `${sign}${term.key}:${term.values.map(patternText).join(',')}`
    case 'number':
      return `${sign}${term.key}:${term.values.map(rangeText).join(',')}`
    case 'id':
      return `${sign}${term.key}:${term.values.join(',')}`
    case 'time':
      // eslint-disable-next-line no-restricted-globals -- writes a given time, not the clock
      return `${term.key}:${new Date(term.ms).toISOString()}`
    case 'words':
      return `${sign}${patternText(term.pattern)}`
  }
}

/** Exact text goes in quotes unless it is plain; a pattern cannot hold what would need them. */
function patternText(pattern: TextPattern): string {
  const [first = ''] = pattern
  if (pattern.length > 1) return pattern.join('*')
  return /^[\p{L}\p{N}][\p{L}\p{N}._/-]*$/u.test(first) && first !== '' ? first : quoted(first)
}

const quoted = (text: string): string => `"${text.replaceAll(/[\\"]/gu, String.raw`\$&`)}"`
