/**
 * A conversation goes on after a block: what was blocked once is redacted, not blocked again, when the client only sends
 * its history again. A value that is new, or typed anew, blocks as before. Nothing that was blocked ever leaves unedited.
 */
import { isWholeConversation, newestPart, type PartPlace, placeOfField } from '../dialects/newest-part.ts'
import type { BodyFacts, ExchangeDecision } from '../domain/decision.ts'
import { type Finding, type FindingCount, type Findings, SEVERITIES } from '../domain/finding.ts'
import type { DialectId } from '../domain/tool.ts'
import { allAtOnce, type StepwiseWork, type WorkTurns } from '../domain/work-turns.ts'
import { CLIENT_BLOCKED, type Reach, type RecoveryPorts } from '../inspect/blocked-values.ts'
import { blockCauses, kindOf } from './block-causes.ts'
import { withoutFindings } from './record.ts'

/** Reason code of the redaction in place of a block. */
export const HISTORY_REDACTED = 'history-redacted'

/** A request that was blocked, and could be edited. */
export interface BlockedRequest {
  /** `vaultKey` of who sent it. */
  readonly client: string
  readonly dialect: DialectId
  readonly body: Uint8Array
  readonly findings: Findings
  readonly facts: BodyFacts
  /** The block. */
  readonly decision: ExchangeDecision
  readonly decide: (facts: BodyFacts) => ExchangeDecision
}

/**
 * The block itself, remembered; or, when all it is blocked for was blocked before and is only sent again, a redaction.
 * Many findings are gone through in turns.
 */
export async function recoverFromBlock(
  ports: RecoveryPorts,
  request: BlockedRequest,
  turns?: WorkTurns,
): Promise<ExchangeDecision> {
  const { client, dialect, body, facts, decision, decide } = request
  const causes = blockCauses(request)
  const count = causes.reduce((sum, cause) => sum + cause.count, 0)
  if (count === 0 || count > CLIENT_BLOCKED) return decision
  const newest = await (ports.newestOf ?? newestPart)(dialect, body)
  if (newest === 'unread') return decision
  const marking = markingCauses(ports, request, causes)
  const marked = await (turns === undefined ? allAtOnce(marking) : turns.run(marking))
  const isRecalled = ({ finding, mark }: Marked): boolean => {
    const reach = ports.blocked.reachOf(client, mark)
    return reach !== undefined && finding.isEditable && isHistory({ dialect, field: finding.field, newest, reach })
  }
  const recalled = marked.filter(isRecalled)
  const findings = recalled.map(({ finding }) => finding)
  const without =
    recalled.length === 0 ? decision : decide({ ...facts, findings: withoutFindings(facts.findings, findings) })
  for (const { mark } of recalled) ports.blocked.touch(client, mark)
  if (without.action !== 'block') return redacting(decision, without, recalled)
  const rest = new Set(findings)
  for (const { finding, mark } of marked) {
    if (!rest.has(finding) && finding.isEditable) ports.blocked.remember(client, mark, newest)
  }
  return decision
}

/** Looked at without a stop. */
const AT_ONCE = 500

/** The findings that the block is for. A mark is a hash, and made alone. */
function* markingCauses(
  { markOf }: RecoveryPorts,
  { body, findings }: BlockedRequest,
  causes: readonly FindingCount[],
): StepwiseWork<Marked[]> {
  const kinds = new Set(causes.map(kindOf))
  const marked: Marked[] = []
  let index = 0
  for (const finding of findings) {
    if ((index += 1) % AT_ONCE === 0) yield
    if (!kinds.has(kindOf(finding))) continue
    marked.push({ finding, mark: markOf(body, finding) })
    yield
  }
  return marked
}

interface Marked {
  readonly finding: Finding
  readonly mark: string
}

/** Was the text at `field` sent before? `reach`: how far the conversation had gone when it was blocked last. */
function isHistory(at: {
  readonly dialect: DialectId
  readonly field: string
  readonly newest: PartPlace | null
  readonly reach: Reach | null
}): boolean {
  const { dialect, field, newest, reach } = at
  if (isWholeConversation(dialect, field)) return false
  const place = placeOfField(dialect, field)
  // Instructions, and dialects without a list of messages: the value is all there is to know it by.
  if (place === null || newest === null) return true
  if (place.message !== newest.message) return place.message < newest.message
  // Some clients join what follows a refused message to it, as further parts.
  return reach?.message === newest.message && place.part <= reach.part && reach.part < newest.part
}

function redacting(block: ExchangeDecision, without: ExchangeDecision, recalled: readonly Marked[]): ExchangeDecision {
  const mustEdit = new Set(recalled.map(({ finding }) => finding.severity))
  const why = 'it was blocked for this before, and is only sent again: edited instead'
  return {
    ...block,
    action: 'redact',
    reason: HISTORY_REDACTED,
    reasonText: null,
    editSeverities: SEVERITIES.filter((each) => mustEdit.has(each) || without.editSeverities.includes(each)),
    steps: [...block.steps, { step: HISTORY_REDACTED, rule: null, matched: true, why }],
  }
}
