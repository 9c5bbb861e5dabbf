/** What a notice says of the findings that a request was blocked for: kind, place and number. Never anything of a value. */
import type { FindingCount } from '../domain/finding.ts'
import { plainValue } from './plain-value.ts'

/** Kinds of findings that are named, and places of each; the event has all of them. */
const MAX_KINDS = 3
const MAX_FIELDS = 2
/** Of one name of a place. */
const MAX_FIELD_CHARS = 60

/** E.g. `2 × aws-access-key (messages[0].content), jwt (system)`; `` when there is nothing to name. */
export function findingsText(findings: readonly FindingCount[], listComma: string): string {
  const kinds = new Map<string, { count: number; readonly fields: string[] }>()
  for (const { detector, field, count } of findings) {
    const kind = kinds.get(detector) ?? { count: 0, fields: [] }
    kinds.set(detector, kind)
    kind.count += count
    const place = shortened(field)
    if (place !== '' && !kind.fields.includes(place)) kind.fields.push(place)
  }
  const named = [...kinds].slice(0, MAX_KINDS).map(([detector, { count, fields }]) => {
    const places = some(fields, MAX_FIELDS).join(listComma)
    return `${count === 1 ? '' : `${String(count)} × `}${detector}${places === '' ? '' : ` (${places})`}`
  })
  return plainValue([...named, ...(kinds.size > MAX_KINDS ? ['…'] : [])].join(listComma))
}

const some = (fields: readonly string[], max: number): readonly string[] =>
  fields.length <= max ? fields : [...fields.slice(0, max), '…']

/** Both ends of a long path tell more than its beginning alone. */
const shortened = (field: string): string =>
  field.length <= MAX_FIELD_CHARS
    ? field
    : `${field.slice(0, MAX_FIELD_CHARS / 2)}…${field.slice(-MAX_FIELD_CHARS / 2)}`
