/** Parts that several OCSF events share (schema 1.9): classification, metadata, endpoints, actor, observables. */
import { isIP } from 'node:net'
import type { ExchangeRecord } from '../event-query.ts'
import { PRODUCT } from './product.ts'
import { integerAt, portAt, present, recordAt, textAt, textsAt, timeMsOf } from './record-fields.ts'

export const OCSF_VERSION = '1.9.0'

/** An OCSF event or object; members that are `undefined` are left out when it is written. */
export type OcsfFields = Readonly<Record<string, unknown>>

/** An enumerated value with its caption, as the schema pairs them: `activity_id` and `activity_name`. */
export type Captioned = readonly [id: number, caption: string]

export const SEVERITY = {
  informational: [1, 'Informational'],
  low: [2, 'Low'],
  medium: [3, 'Medium'],
  high: [4, 'High'],
} as const satisfies Record<string, Captioned>

export interface Classification {
  readonly category: Captioned
  readonly class: Captioned
  readonly activity: Captioned
  readonly severity: Captioned
}

/** What every event says of its kind; `type_uid` is `class_uid` × 100 + `activity_id`. */
export const classified = ({ category, class: kind, activity, severity }: Classification): OcsfFields => ({
  activity_id: activity[0],
  activity_name: activity[1],
  category_name: category[1],
  category_uid: category[0],
  class_name: kind[1],
  class_uid: kind[0],
  severity: severity[1],
  severity_id: severity[0],
  type_name: `${kind[1]}: ${activity[1]}`,
  type_uid: typeUid(kind[0], activity[0]),
})

export const typeUid = (classUid: number, activityId: number): number => classUid * 100 + activityId

/** `uid` tells the events of one exchange apart, `correlation_uid` holds them together. */
export const metadata = (record: ExchangeRecord, uid: string, profiles: readonly string[]): OcsfFields => ({
  correlation_uid: textAt(record, 'flow'),
  event_code: textAt(record, 'phase'),
  log_name: 'audit',
  log_source: textAt(record, 'stream'),
  log_version: '1',
  original_event_uid: textAt(record, 'id'),
  original_time: textAt(record, 'time'),
  product: { name: PRODUCT.name, vendor_name: PRODUCT.vendor, version: PRODUCT.version },
  profiles,
  sequence: integerAt(record, 'seq'),
  uid,
  version: OCSF_VERSION,
})

export const occurred = (record: ExchangeRecord): OcsfFields => ({ time: timeMsOf(record), timezone_offset: 0 })

/** The schema's `ip_t` takes no more than 40 characters. */
const ipOf = (text: string | undefined): string | undefined =>
  text !== undefined && isIP(text) !== 0 && text.length <= 40 ? text : undefined

/** `uid` is the pseudonym, which stays when the person's name is erased. */
export function actorOf(record: ExchangeRecord): OcsfFields | undefined {
  const groups = textsAt(record, 'client', 'groups').map((name) => ({ name }))
  const uid = textAt(record, 'who')
  const name = textAt(record, 'client', 'user')
  if (uid === undefined && name === undefined) return undefined
  return { user: { groups: groups.length > 0 ? groups : undefined, name, uid } }
}

/** The client as an endpoint; `undefined` once nothing but its pseudonym is known. */
export function sourceOf(record: ExchangeRecord): OcsfFields | undefined {
  const named = present({ ip: ipOf(textAt(record, 'client', 'addr')), name: textAt(record, 'client', 'device') })
  return named === undefined ? undefined : { ...named, zone: textAt(record, 'client', 'network') }
}

export function destinationOf(record: ExchangeRecord): OcsfFields | undefined {
  const host = textAt(record, 'destination', 'host')
  if (host === undefined) return undefined
  const ip = ipOf(host)
  return { hostname: ip === undefined ? host : undefined, ip, port: portAt(record, 'destination', 'port') }
}

/** The policy that decided, and its rule as the nearest thing that the schema has: a firewall rule. */
export const decidedBy = (record: ExchangeRecord): OcsfFields => {
  const revision = textAt(record, 'policyRevision')
  const rule = textAt(record, 'rule')
  const evidence = textsAt(record, 'evidence')
  return {
    firewall_rule:
      rule === undefined
        ? undefined
        : { match_details: evidence.length > 0 ? evidence : undefined, name: rule, uid: rule },
    policy:
      revision === undefined
        ? undefined
        : { is_applied: textAt(record, 'mode') !== 'observe', name: 'Weir policy', uid: revision, version: revision },
  }
}

const OBSERVABLES = [
  ['src_endpoint.ip', 2, 'IP Address'],
  ['dst_endpoint.hostname', 1, 'Hostname'],
  ['dst_endpoint.ip', 2, 'IP Address'],
  ['actor.user.name', 4, 'User Name'],
  ['http_request.url.url_string', 6, 'URL String'],
] as const

/** The values of an event that an analyst searches for across sources. */
export function observablesOf(event: OcsfFields): readonly OcsfFields[] | undefined {
  const found = OBSERVABLES.flatMap(([name, id, type]) => {
    const value = textAt(event, ...name.split('.'))
    return value === undefined ? [] : [{ name, type, type_id: id, value }]
  })
  return found.length > 0 ? found : undefined
}

/** Fields of the record that the event has no place for, under the names that docs/audit-event.md gives them. */
export function unmapped(record: ExchangeRecord, placed: ReadonlySet<string>): OcsfFields | undefined {
  const rest = Object.entries(record).filter(([name, value]) => !placed.has(name) && value !== null)
  return rest.length > 0 ? Object.fromEntries(rest) : undefined
}

/** The error of an exchange as `status_code`; otherwise the status that the client got. */
export function statusCodeOf(record: ExchangeRecord): string | undefined {
  const error = recordAt(record, 'error')
  const status = integerAt(record, 'status')
  return (
    (error === undefined ? undefined : textAt(error, 'code')) ?? (status === undefined ? undefined : String(status))
  )
}
