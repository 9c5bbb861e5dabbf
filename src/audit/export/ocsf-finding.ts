/** What detectors marked in an exchange, as one OCSF Data Security Finding (2006); never the text itself. */
import type { ExchangeRecord } from '../event-query.ts'
import { httpTypeUid } from './ocsf-network.ts'
import {
  actorOf,
  type Captioned,
  classified,
  decidedBy,
  destinationOf,
  metadata,
  type OcsfFields,
  observablesOf,
  occurred,
  sourceOf,
  unmapped,
} from './ocsf-parts.ts'
import { findingSeverity, securityControl } from './ocsf-verdict.ts'
import { integerAt, recordsAt, textAt } from './record-fields.ts'

const PROFILES = ['host', 'security_control', 'record_integrity']
const RULE: Captioned = [1, 'Rule']

const PERSONAL =
  /^(?:email|phone|passport-number|china-resident-id|us-ssn|brazil-cpf|spain-dni|poland-pesel|netherlands-bsn|france-nir|taiwan-id|hong-kong-id|singapore-nric|korea-rrn|india-aadhaar|india-pan|canada-sin|uk-nino)$/u
const FINANCIAL = /^(?:payment-card|iban|bank-account)$/u
const SECURITY = /(?:^|-)(?:keys?|tokens?|secrets?|pat|passwords?|credentials?|webhook|jwt|session)(?:-|$)/u

const CATEGORIES: readonly (readonly [RegExp, Captioned])[] = [
  [PERSONAL, [1, 'Personal']],
  [FINANCIAL, [3, 'Financial']],
  [SECURITY, [6, 'Security']],
]

/** The kind of data that a detector looks for, as its id tells; a company's own detectors are `Other`. */
export const categoryOf = (detector: string): Captioned =>
  CATEGORIES.find(([pattern]) => pattern.test(detector))?.[1] ?? [99, 'Other']

interface Found {
  readonly detector: string
  readonly field: string | undefined
  readonly count: number
}

const foundIn = (record: ExchangeRecord): Found[] =>
  recordsAt(record, 'findings').map((finding) => ({
    count: integerAt(finding, 'count') ?? 1,
    detector: textAt(finding, 'detector') ?? 'unknown',
    field: textAt(finding, 'field'),
  }))

const PLACED = new Set([
  ...['v', 'id', 'flow', 'stream', 'seq', 'prevHash', 'time', 'phase', 'who', 'client', 'destination', 'confidence'],
  ...['rule', 'evidence', 'policyRevision', 'reason', 'status', 'bytesIn', 'bytesOut', 'tokens', 'timings', 'model'],
  ...['toolVersion', 'messages', 'close', 'whoDigest', 'complete', 'error'],
])

/** `null`: nothing was marked. */
export function dataSecurityFinding(record: ExchangeRecord): OcsfFields | null {
  const found = foundIn(record)
  const [first] = found
  if (first === undefined) return null
  const event = {
    ...classified({
      activity: [1, 'Create'],
      category: [2, 'Findings'],
      class: [2006, 'Data Security Finding'],
      severity: findingSeverity(record),
    }),
    ...occurred(record),
    ...securityControl(record),
    ...decidedBy(record),
    actor: actorOf(record),
    data_security: dataSecurity(record, found, first),
    dst_endpoint: destinationOf(record),
    finding_info: findingInfo(record, found, first),
    message: titleOf(record, found),
    metadata: metadata(record, `${textAt(record, 'id') ?? ''}-finding`, PROFILES),
    src_endpoint: sourceOf(record),
    status: 'New',
    status_detail: textAt(record, 'reason'),
    status_id: 1,
    unmapped: unmapped(record, PLACED),
  }
  return { ...event, observables: observablesOf(event) }
}

function dataSecurity(record: ExchangeRecord, found: readonly Found[], first: Found): OcsfFields {
  const [categoryId, category] = categoryOf(first.detector)
  return {
    category,
    category_id: categoryId,
    data_lifecycle_state: 'Data in-Transit',
    data_lifecycle_state_id: 2,
    detection_pattern: [...new Set(found.map(({ detector }) => detector))].join(', '),
    detection_system: 'DLP Gateway',
    detection_system_id: 2,
    discovery_details: found.map(({ detector, field, count }) => ({
      count,
      occurrences: field === undefined ? undefined : [{ json_path: field }],
      type: detector,
    })),
    policy: decidedBy(record)['policy'],
    total: total(found),
  }
}

function findingInfo(record: ExchangeRecord, found: readonly Found[], first: Found): OcsfFields {
  const detectors = [...new Set(found.map(({ detector }) => detector))]
  const time = occurred(record)['time']
  return {
    analytic: analytic(first.detector),
    created_time: time,
    data_sources: ['Weir'],
    related_analytics: detectors.length > 1 ? detectors.slice(1).map(analytic) : undefined,
    related_events: [{ type_uid: httpTypeUid(record), uid: textAt(record, 'id') ?? '' }],
    title: titleOf(record, found),
    types: detectors,
    uid: `${textAt(record, 'id') ?? ''}-finding`,
  }
}

const analytic = (detector: string): OcsfFields => ({
  name: detector,
  type: RULE[1],
  type_id: RULE[0],
  uid: detector,
})

const total = (found: readonly Found[]): number => found.reduce((sum, { count }) => sum + count, 0)

function titleOf(record: ExchangeRecord, found: readonly Found[]): string {
  const [first] = found
  const others = new Set(found.map(({ detector }) => detector)).size - 1
  const more = others > 0 ? ` and ${others} more` : ''
  return `${first?.detector ?? ''}${more} (${total(found)}) in a request to ${textAt(record, 'destination', 'host') ?? 'an unknown host'}`
}
