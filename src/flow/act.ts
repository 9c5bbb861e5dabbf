/** From a held body to a verdict: decode, look, decide again, edit. A block is a return, not an exception. */
import { modelInPath } from '../dialects/path-model.ts'
import { actionRank } from '../domain/action.ts'
import type { BodyFacts, ExchangeDecision } from '../domain/decision.ts'
import {
  type Finding,
  type FindingCount,
  type Findings,
  SEVERITIES,
  type Severity,
  type UnreadReason,
} from '../domain/finding.ts'
import { headerValue, headerValues } from '../domain/headers.ts'
import type { DialectId, RequestHead } from '../domain/tool.ts'
import { allAtOnce, type WorkTurns } from '../domain/work-turns.ts'
import type { RecoveryPorts } from '../inspect/blocked-values.ts'
import { type Coding, decodeBodyAsync, encodeBodyAsync, parseContentEncoding } from '../wire/content-coding.ts'
import type { Framing } from '../wire/grpc-frames.ts'
import { plainFrames, requestFraming } from '../wire/plain-frames.ts'
import { toldFindings } from './block-causes.ts'
import { type BodyFindings, countingBody } from './body-findings.ts'
import type { HeldBody, InspectPort } from './ports.ts'
import { countFindings, joinCounts } from './record.ts'
import { recoverFromBlock } from './recovery.ts'
import { isSignedBody } from './signed-body.ts'

/** What was learnt from a body. */
export interface BodyReading {
  /** The decoded body; `null` when it could not be decoded. */
  readonly body: Uint8Array | null
  /** What was looked through: offsets of findings are of it. Of frames what is in them; `null` when nothing was. */
  readonly text: Uint8Array | null
  readonly codings: readonly Coding[]
  readonly findings: Findings
  readonly counts: readonly FindingCount[]
  /** Of those, the ones that stand where nothing may be edited. */
  readonly uneditable: readonly FindingCount[]
  readonly unread: UnreadReason | null
  readonly model: string | null
  /** Ids of histories that the provider keeps and the request goes on from. */
  readonly histories: readonly string[]
}

/** The verdict on a held body. */
export interface Judgement {
  readonly decision: ExchangeDecision
  /** The edited body, in the coding it came in; `null`: send the bytes as they came. */
  readonly body: Uint8Array | null
  readonly findings: readonly FindingCount[]
  readonly unread: UnreadReason | null
  readonly model: string | null
  /** What stands in the body that goes upstream in place of values. */
  readonly placeholders: readonly string[]
  readonly histories: readonly string[]
  /** Of a block: the findings that the developer is told of. */
  readonly told: readonly FindingCount[]
}

interface ReadPorts {
  readonly inspect: InspectPort
  readonly limits: DecodeLimits
  /** Whose known values are found as well, where an edit may follow (`vaultKey`). */
  readonly editFor?: string
  /** What is edited is never put back, and is kept for nobody. */
  readonly isOneWay?: boolean
  /** Id of the request, by which somebody may report what was found in it. */
  readonly flow?: string
  /** Cuts work on large bodies into turns of the event loop. Absent: all at once. */
  readonly turns?: WorkTurns
  /** Is told what was read. */
  readonly onRead?: (reading: BodyReading) => void
}

interface JudgePorts extends ReadPorts {
  readonly decide: (facts: BodyFacts) => ExchangeDecision
  /** Is all known that the provider remembers under these ids? Absent: nothing is ever put back, and nobody asks. */
  readonly knows?: (histories: readonly string[]) => boolean
  /** Remembers what was blocked. Absent: a history that was blocked once is blocked for ever. */
  readonly recovery?: RecoveryPorts
}

/** How much decoding may yield: beyond `maxBytes` or `maxRatio` (decoded : encoded) a body counts as a bomb. */
export interface DecodeLimits {
  readonly maxBytes: number
  readonly maxRatio: number
}

export async function judgeHeldBody(
  ports: JudgePorts,
  input: {
    readonly head: RequestHead
    readonly decision: ExchangeDecision
    readonly held: HeldBody
    /** It goes upstream as it is, or not at all. */
    readonly isFixed?: boolean
    /** What it says beside its body (`besideText`), never edited. */
    readonly beside?: Uint8Array | null
  },
): Promise<Judgement> {
  const { head, held } = input
  const reading = await readBodyFacts(ports, head, input.decision.dialect, held)
  const beside = await readBeside(ports, input.beside ?? null)
  const isSigned = input.isFixed === true || isSignedBody(head)
  const besideCounts = countFindings(beside.findings)
  const findings = joinCounts(reading.counts, besideCounts)
  const uneditable = isSigned ? findings : joinCounts(reading.uneditable, besideCounts)
  const { facts, decided } = decidedWith(
    ports,
    {
      model: reading.model,
      findings,
      hasUneditableFinding: false,
      unread: reading.unread ?? beside.unread,
      ...(ports.knows?.(reading.histories) === false ? { hasUnknownHistory: true } : {}),
    },
    uneditable,
  )
  const isLeftAlone = isSigned || reading.body === null || held.cut !== null
  // What stands beside the body is no history.
  const isRecoverable = !isLeftAlone && beside.findings.length === 0
  const decision = isRecoverable ? await afterHistory(ports, reading, facts, decided) : decided
  const { unread } = facts
  const { model, histories } = reading
  const told = decision.action === 'block' ? toldOf(ports, facts, { decision, uneditable }) : []
  const verdict = { decision, findings, unread, model, histories, told }
  if (decision.action !== 'redact' || isLeftAlone) return { ...verdict, body: null, placeholders: [] }
  return { ...verdict, ...(await editedBody(ports, head, decision, reading)) }
}

/**
 * What is decided, and by which facts. Whether a finding had to be edited is the tier's to say, and which tier counts may
 * only be known with the body: a rule on the model, or on findings.
 */
function decidedWith(
  { decide }: JudgePorts,
  facts: BodyFacts,
  uneditable: readonly FindingCount[],
): { readonly facts: BodyFacts; readonly decided: ExchangeDecision } {
  const decided = decide(facts)
  const severities = mustEdit(decided)
  if (!uneditable.some(({ severity }) => severities.includes(severity))) return { facts, decided }
  const fuller = { ...facts, hasUneditableFinding: true }
  return { facts: fuller, decided: decide(fuller) }
}

/** Severities that the tier lets nowhere as they are. */
const mustEdit = ({ tierRules }: ExchangeDecision): readonly Severity[] =>
  SEVERITIES.filter((each) => tierRules !== null && actionRank(tierRules.severities[each]) >= actionRank('redact'))

function toldOf(
  { decide }: JudgePorts,
  facts: BodyFacts,
  { decision, uneditable }: { readonly decision: ExchangeDecision; readonly uneditable: readonly FindingCount[] },
): readonly FindingCount[] {
  const { reason } = decision
  return toldFindings({ facts, decide }, { reason, severities: mustEdit(decision), uneditable })
}

function afterHistory(
  { recovery, editFor, decide, turns }: JudgePorts,
  { body, findings }: BodyReading,
  facts: BodyFacts,
  decision: ExchangeDecision,
): ExchangeDecision | Promise<ExchangeDecision> {
  if (decision.action !== 'block' || recovery === undefined || editFor === undefined || body === null) return decision
  const { dialect } = decision
  const request = { client: editFor, dialect, body, findings, facts, decision, decide }
  return recoverFromBlock(recovery, request, turns)
}

/** Findings beside the body; their offsets are of nobody's bytes. */
export async function readBeside(
  { inspect, editFor }: Pick<ReadPorts, 'inspect' | 'editFor'>,
  beside: Uint8Array | null,
): Promise<{ readonly findings: readonly Finding[]; readonly unread: UnreadReason | null }> {
  if (beside === null) return NOTHING_BESIDE
  const asked = { body: beside, contentType: 'application/json', dialect: 'generic' } as const
  const { findings, unread } = await inspect.inspect({ ...asked, ...(editFor === undefined ? {} : { editFor }) })
  return { findings: Array.from(findings, (finding) => ({ ...finding, isEditable: false })), unread }
}

const NOTHING_BESIDE = { findings: [], unread: null } as const

/** Decode and inspect a held body or a measured copy. Of a cut one, the read part. */
export async function readBodyFacts(
  ports: ReadPorts,
  head: RequestHead,
  dialect: DialectId,
  held: HeldBody,
): Promise<BodyReading> {
  const reading = await readBody(ports, head, dialect, held)
  ports.onRead?.(reading)
  return reading
}

async function readBody(ports: ReadPorts, head: RequestHead, dialect: DialectId, held: HeldBody): Promise<BodyReading> {
  const codings = parseContentEncoding(headerValues(head.headers, 'content-encoding'))
  const pathModel = modelInPath(head.path)
  const nothing = { body: null, text: null, codings: [], ...NOTHING_FOUND, model: pathModel, histories: [] }
  if (held.cut === 'over-capacity') return { ...nothing, unread: held.cut }
  if (held.unread !== undefined) return { ...nothing, unread: held.unread }
  if (!codings.ok) return { ...nothing, unread: codings.unread }
  // Two that differ: whoever receives it may go by the one that was not looked at.
  if (new Set(headerValues(head.headers, 'content-type')).size > 1) return { ...nothing, unread: 'unparsable' }
  const isEncoded = codings.codings.length > 0
  if (held.cut !== null && isEncoded) return { ...nothing, unread: held.cut }
  const decoded = await decodeBodyAsync(held.bytes, codings.codings, ports.limits, ports.turns)
  if (!decoded.ok) return { ...nothing, unread: decoded.unread }
  const framing = requestFraming(head)
  if (framing !== null) return readFrames(ports, { head, framing, dialect, held: { ...held, bytes: decoded.body } })
  const inspection = await ports.inspect.inspect({
    body: decoded.body,
    // The head of a JSON body is no JSON: what there is of it is looked through as plain text.
    contentType: held.cut === null ? headerValue(head.headers, 'content-type') : 'text/plain',
    dialect: held.cut === null ? dialect : 'generic',
    ...(ports.editFor === undefined ? {} : { editFor: ports.editFor }),
    ...flowOf(ports),
  })
  const found = await counted(ports, inspection.findings)
  return {
    body: decoded.body,
    text: decoded.body,
    codings: decoded.codings,
    ...found,
    unread: held.cut ?? inspection.unread,
    model: inspection.model ?? pathModel,
    histories: inspection.histories ?? [],
  }
}

const flowOf = ({ flow }: ReadPorts): { flow?: string } => (flow === undefined ? {} : { flow })

interface FramedBody {
  readonly head: RequestHead
  readonly framing: Framing
  readonly dialect: DialectId
  readonly held: HeldBody
}

/**
 * Messages in frames (gRPC, Connect streams): never edited, for lengths stand around every text. `held.bytes` are as the
 * head's content-encoding leaves them.
 */
async function readFrames(ports: ReadPorts, { head, framing, dialect, held }: FramedBody): Promise<BodyReading> {
  const { limits, turns } = ports
  const options = { isCut: held.cut !== null, limits, ...(turns === undefined ? {} : { turns }) }
  const plain = await plainFrames(head, framing, held.bytes, options)
  const inspection = await ports.inspect.inspect({
    body: plain.body,
    contentType: plain.contentType,
    dialect,
    ...flowOf(ports),
  })
  const found = await counted(ports, inspection.findings)
  return {
    body: null,
    text: plain.body,
    codings: [],
    ...found,
    unread: held.cut ?? plain.unread ?? inspection.unread,
    model: inspection.model ?? modelInPath(head.path),
    histories: [],
  }
}

const NOTHING_FOUND: BodyFindings = { findings: [], counts: [], uneditable: [] }

/** More findings are counted in turns. */
const FEW_FINDINGS = 1000

function counted({ turns }: ReadPorts, findings: Findings): BodyFindings | Promise<BodyFindings> {
  if (findings.length === 0) return NOTHING_FOUND
  const work = countingBody(findings)
  return turns === undefined || findings.length <= FEW_FINDINGS ? allAtOnce(work) : turns.run(work)
}

async function editedBody(
  { inspect, editFor, isOneWay = false, turns }: JudgePorts,
  head: RequestHead,
  decision: ExchangeDecision,
  reading: BodyReading,
): Promise<Pick<Judgement, 'body' | 'placeholders'>> {
  const { body, codings, findings, counts } = reading
  const isTouched = counts.some(({ severity }) => decision.editSeverities.includes(severity))
  if (body === null || !isTouched) return { body: null, placeholders: [] }
  const edited = await inspect.redact({
    body,
    contentType: headerValue(head.headers, 'content-type'),
    dialect: decision.dialect,
    findings,
    severities: decision.editSeverities,
    ...(decision.tierRules?.reversible === true && !isOneWay && editFor !== undefined ? { keepFor: editFor } : {}),
  })
  if (edited.body === body) return { body: null, placeholders: [] }
  return { body: await encodeBodyAsync(edited.body, codings, turns), placeholders: edited.placeholders }
}
