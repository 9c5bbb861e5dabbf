/** What Weir did with an exchange, in the words of OCSF's profile `security_control`. */
import type { ExchangeRecord } from '../event-query.ts'
import { type Captioned, type OcsfFields, SEVERITY } from './ocsf-parts.ts'
import { entryOf, integerAt, recordsAt, textAt, textsAt, valueAt } from './record-fields.ts'

const ACTION = {
  allowed: [1, 'Allowed'],
  denied: [2, 'Denied'],
  observed: [3, 'Observed'],
  modified: [4, 'Modified'],
  unknown: [0, 'Unknown'],
} as const satisfies Record<string, Captioned>

const DISPOSITION = {
  allowed: [1, 'Allowed'],
  blocked: [2, 'Blocked'],
  approved: [8, 'Approved'],
  corrected: [11, 'Corrected'],
  partiallyCorrected: [12, 'Partially Corrected'],
  uncorrected: [13, 'Uncorrected'],
  noAction: [16, 'No Action'],
  logged: [17, 'Logged'],
  error: [27, 'Error'],
  unknown: [0, 'Unknown'],
} as const satisfies Record<string, Captioned>

const RISK: Readonly<Record<string, Captioned>> = {
  approved: [1, 'Low'],
  monitored: [2, 'Medium'],
  restricted: [3, 'High'],
  prohibited: [4, 'Critical'],
}

const CONFIDENCE: Readonly<Record<string, Captioned>> = { low: [1, 'Low'], medium: [2, 'Medium'], high: [3, 'High'] }

type Verdict = readonly [action: Captioned, disposition: Captioned]

/** `Modified` is said only of a request that really went upstream changed. */
function verdictOf(record: ExchangeRecord): Verdict {
  const action = textAt(record, 'action')
  if (textAt(record, 'error', 'side') === 'weir') {
    const isRefused = action === 'block' || (integerAt(record, 'status') ?? 599) >= 500
    return [isRefused ? ACTION.denied : done(record, action)[0], DISPOSITION.error]
  }
  return done(record, action)
}

function done(record: ExchangeRecord, action: string | undefined): Verdict {
  if (action === 'allow') {
    return [ACTION.allowed, textAt(record, 'exemption') === undefined ? DISPOSITION.allowed : DISPOSITION.approved]
  }
  if (action === 'log') return [ACTION.observed, DISPOSITION.logged]
  if (action === 'redact') return redacted(record)
  return action === 'block' ? [ACTION.denied, DISPOSITION.blocked] : [ACTION.unknown, DISPOSITION.unknown]
}

function redacted(record: ExchangeRecord): Verdict {
  if (valueAt(record, 'bytesUnchanged') === false) {
    return [
      ACTION.modified,
      textAt(record, 'unread') === undefined ? DISPOSITION.corrected : DISPOSITION.partiallyCorrected,
    ]
  }
  return recordsAt(record, 'findings').length > 0
    ? [ACTION.observed, DISPOSITION.uncorrected]
    : [ACTION.allowed, DISPOSITION.noAction]
}

/** Blocks, blocks that observing held back, and findings of high severity are worth an alert. */
export const isAlert = (record: ExchangeRecord): boolean =>
  textAt(record, 'action') === 'block' ||
  textAt(record, 'would') === 'block' ||
  recordsAt(record, 'findings').some((finding) => finding['severity'] === 'high')

/** The attributes of the profile that a decision fills. */
export function securityControl(record: ExchangeRecord): OcsfFields {
  const [action, disposition] = verdictOf(record)
  const tier = textAt(record, 'tier')
  const risk = entryOf(RISK, tier)
  const confidence = entryOf(CONFIDENCE, textAt(record, 'confidence'))
  const exemption = textAt(record, 'exemption')
  return {
    action: action[1],
    action_id: action[0],
    authorizations:
      exemption === undefined ? undefined : [{ decision: 'exempted', policy: { type: 'exemption', uid: exemption } }],
    confidence: confidence?.[1],
    confidence_id: confidence?.[0],
    disposition: disposition[1],
    disposition_id: disposition[0],
    is_alert: isAlert(record),
    risk_details: tier === undefined ? undefined : `tier ${tier}`,
    risk_level: risk?.[1],
    risk_level_id: risk?.[0],
  }
}

const FINDING_SEVERITY: Readonly<Record<string, Captioned>> = {
  low: SEVERITY.low,
  medium: SEVERITY.medium,
  high: SEVERITY.high,
}

/** That of the worst finding. */
export function findingSeverity(record: ExchangeRecord): Captioned {
  const severities = recordsAt(record, 'findings').map((finding) =>
    entryOf(FINDING_SEVERITY, textAt(finding, 'severity')),
  )
  return severities.reduce<Captioned>(
    (worst, one) => (one !== undefined && one[0] > worst[0] ? one : worst),
    SEVERITY.informational,
  )
}

/** A block is medium; what left with a high finding in it is high; what was only watched is informational. */
export function activitySeverity(record: ExchangeRecord): Captioned {
  const action = textAt(record, 'action')
  const isOurFault = textAt(record, 'error', 'side') === 'weir'
  if (action === 'block' || isOurFault) return SEVERITY.medium
  if (action === 'redact') return recordsAt(record, 'findings').length > 0 ? SEVERITY.low : SEVERITY.informational
  const worst = findingSeverity(record)
  if (worst[0] > SEVERITY.informational[0]) return worst
  return textAt(record, 'would') === 'block' || textsAt(record, 'tenants').length > 0
    ? SEVERITY.low
    : SEVERITY.informational
}

const STATUS = { unknown: [0, 'Unknown'], success: [1, 'Success'], failure: [2, 'Failure'] } as const satisfies Record<
  string,
  Captioned
>

/** Did what the client wanted come about? Unknown while no outcome is written. */
export function statusOf(record: ExchangeRecord): OcsfFields {
  const [id, status] = statusPair(record)
  return { status, status_id: id }
}

function statusPair(record: ExchangeRecord): Captioned {
  if (textAt(record, 'phase') === 'intent') return STATUS.unknown
  const hasFailed =
    textAt(record, 'action') === 'block' ||
    valueAt(record, 'error') !== undefined ||
    valueAt(record, 'complete') === false ||
    (integerAt(record, 'status') ?? 0) >= 400
  return hasFailed ? STATUS.failure : STATUS.success
}
