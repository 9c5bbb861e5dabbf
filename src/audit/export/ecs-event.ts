/** How ECS sorts events: the allowed values of `event.category`, `event.type` and `event.outcome`. */
import type { ExchangeRecord } from '../event-query.ts'
import { activityOf } from './ocsf-entity.ts'
import { activitySeverity, statusOf } from './ocsf-verdict.ts'
import { entryOf, textAt, valueAt } from './record-fields.ts'

export function ecsCategory(record: ExchangeRecord): readonly string[] {
  const phase = textAt(record, 'phase')
  if (phase === 'config' || phase === 'admin') return ['configuration']
  return phase === 'tunnel' ? ['network'] : ['network', 'web']
}

const ADMIN_TYPES: Readonly<Record<string, string>> = {
  Create: 'creation',
  Delete: 'deletion',
  Read: 'access',
}

export function ecsTypes(record: ExchangeRecord): readonly string[] {
  const phase = textAt(record, 'phase')
  if (phase === 'config') return valueAt(record, 'ok') === true ? ['change'] : ['info']
  if (phase === 'admin') return [entryOf(ADMIN_TYPES, activityOf(textAt(record, 'operation') ?? '')[1]) ?? 'change']
  const first = phase === 'tunnel' ? ['connection', 'end'] : ['access']
  const action = textAt(record, 'action')
  return action === undefined ? first : [...first, action === 'block' ? 'denied' : 'allowed']
}

/** Weir's own word: `block`, `token.make`, `policy-loaded`. */
export function ecsAction(record: ExchangeRecord): string | undefined {
  const phase = textAt(record, 'phase')
  if (phase === 'admin') return textAt(record, 'operation')
  if (phase === 'config')
    return `${textAt(record, 'what') ?? 'config'}-${valueAt(record, 'ok') === true ? 'loaded' : 'refused'}`
  return textAt(record, 'action')
}

export function ecsOutcome(record: ExchangeRecord): 'success' | 'failure' | 'unknown' {
  const phase = textAt(record, 'phase')
  if (phase === 'admin') return 'success'
  if (phase === 'config') return valueAt(record, 'ok') === true ? 'success' : 'failure'
  const status = statusOf(record)['status']
  return status === 'Success' ? 'success' : status === 'Failure' ? 'failure' : 'unknown'
}

/** 1 informational to 4 high, as in the OCSF export. */
export const ecsSeverity = (record: ExchangeRecord): number =>
  textAt(record, 'phase') === 'config' && valueAt(record, 'ok') !== true ? 3 : activitySeverity(record)[0]
