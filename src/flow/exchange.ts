/**
 * One request from head to record: identify, decide, plan. Sees heads and verdicts, never streams:
 * `edge/` carries out the plan and reports back what happened.
 */

import { connectGetMessage, type QueryMessage } from '../dialects/connect-get.ts'
import type { UsageReader } from '../dialects/dialect.ts'
import { modelInPath } from '../dialects/path-model.ts'
import { dialectById } from '../dialects/registry.ts'
import { type RpcEnding, rpcEnding } from '../dialects/rpc-refusal.ts'
import type { OutcomeFields } from '../domain/audit-event.ts'
import type { BodyFacts, ExchangeDecision, ExchangeFacts } from '../domain/decision.ts'
import type { FindingCount, UnreadReason } from '../domain/finding.ts'
import { headerValue, headerValues, type RawHeaders } from '../domain/headers.ts'
import type { LocalAnswer, Notice } from '../domain/notice.ts'
import type { PolicySnapshot } from '../domain/policy-snapshot.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { TenantHeaders } from '../domain/tenant.ts'
import type { Identification, RequestHead } from '../domain/tool.ts'
import { vaultKey } from '../inspect/vault.ts'
import { rpcCode } from '../notice/answer.ts'
import { parseContentEncoding } from '../wire/content-coding.ts'
import { requestFraming } from '../wire/plain-frames.ts'
import { type BodyReading, judgeHeldBody, readBeside, readBodyFacts } from './act.ts'
import { type BesideText, besideText } from './beside-text.ts'
import type {
  Exchange,
  ExchangeEnd,
  ExchangeInput,
  ExchangePlan,
  JudgedBody,
  RestoredBody,
  StreamRefusal,
} from './exchange-contract.ts'
import { planExchange } from './exchange-plan.ts'
import { answerFailure } from './failure.ts'
import type { FlowPorts, HeldBody } from './ports.ts'
import {
  countFindings,
  errorFields,
  followingOutcomeEvent,
  intentEvent,
  joinCounts,
  singleOutcomeEvent,
} from './record.ts'
import { RequestWatch } from './request-watch.ts'
import { canRestore, knowsHistories, Restoration } from './restoration.ts'
import { Sealing } from './sealing.ts'
import { tellDiscovery, UNLISTED } from './tell-discovery.ts'
import { withoutTenantHeaders, withTenantHeaders } from './tenant-headers.ts'

/** Start an exchange under the rules of this moment. */
export function openExchange(ports: FlowPorts, input: ExchangeInput): Exchange {
  return new OpenExchange(ports, ports.snapshots.current(), input)
}

class OpenExchange implements Exchange {
  readonly id: string
  plan: ExchangePlan
  readonly watch: RequestWatch | null
  readonly #ports: FlowPorts
  readonly #snapshot: PolicySnapshot
  readonly #input: ExchangeInput
  readonly #identification: Identification
  /** What would be the body, had it been sent as one. */
  readonly #inQuery: QueryMessage | null
  readonly #tenant: TenantHeaders | null
  readonly #startedTick: number
  readonly #decideMs: number
  #decision: ExchangeDecision
  #findings: readonly FindingCount[] = []
  /** Of a block: the findings that the developer is told of. */
  #told: readonly FindingCount[] = []
  #unread: UnreadReason | null
  #heldModel: string | null = null
  #bytesIn: number | null = null
  #inspectMs: number | null = null
  #isChanged = false
  #placeholders: readonly string[] = []
  #histories: readonly string[] = []
  #restoration: Restoration | null = null
  #reading: BodyReading | null = null
  #sealing: Sealing | null = null
  #hasIntent = false
  #besideText: { readonly text: BesideText | null } | null = null

  constructor(ports: FlowPorts, snapshot: PolicySnapshot, input: ExchangeInput) {
    this.#ports = ports
    this.#snapshot = snapshot
    this.#input = input
    this.#startedTick = ports.clock.tickMs()
    this.id = ports.newId()
    this.#identification = snapshot.identify(input.head)
    this.watch = this.#watchOf(input)
    this.#tenant = snapshot.tenantHeaders(input.head.host, input.head.port)
    this.#decision = this.#decide(null)
    this.#inQuery = this.#decision.dialect === 'connect' ? connectGetMessage(input.head, input.query ?? '') : null
    const hasNothingToCome = !this.#hasBody && this.#decision.messages === null
    if (this.#decision.needsBody && hasNothingToCome) this.#decision = this.#decide(bodyless(input.head))
    this.#unread = this.#decision.unread
    this.#decideMs = ports.clock.tickMs() - this.#startedTick
    this.plan = this.#planFor(this.#decision)
  }

  get isRecorded(): boolean {
    return this.#decision.isRecorded
  }

  get isNotable(): boolean {
    return this.#findings.length > 0 || this.#unread !== null
  }

  async judge(held: HeldBody): Promise<JudgedBody> {
    const from = this.#ports.clock.tickMs()
    const isFixed = this.#inQuery !== null
    const beside = this.#beside?.json ?? null
    const input = { head: this.#bodyHead, decision: this.#decision, held: this.#bodyOf(held), isFixed, beside }
    const judgement = await this.#withRoom(held, () => judgeHeldBody(this.#judgePorts(), input))
    this.#inspectMs = this.#ports.clock.tickMs() - from
    this.#decision = judgement.decision
    this.#findings = judgement.findings
    this.#unread = judgement.unread ?? this.#decision.unread
    this.#heldModel = judgement.model
    this.#bytesIn = held.cut === null ? held.bytes.length : null
    this.#isChanged = judgement.body !== null
    this.#placeholders = judgement.placeholders
    this.#histories = judgement.histories
    this.#told = judgement.told
    this.#sealRead()
    // No room to look is Weir's own trouble: told as such, and worth a retry, not as a block of the tool.
    if (judgement.unread === 'over-capacity' && this.#decision.reason === 'unreadable') {
      throw new ProxyError('over-capacity')
    }
    return { answer: judgement.decision.action === 'block' ? this.blockAnswer() : null, body: judgement.body }
  }

  async judgeMessage(held: HeldBody): Promise<StreamRefusal | null> {
    const from = this.#ports.clock.tickMs()
    const input = { head: this.#input.head, decision: this.#decision, held }
    const { decision, ...seen } = await this.#withRoom(held, () => judgeHeldBody(this.#judgePorts(), input))
    this.#inspectMs = (this.#inspectMs ?? 0) + this.#ports.clock.tickMs() - from
    this.#findings = joinCounts(this.#findings, seen.findings)
    this.#unread ??= seen.unread ?? decision.unread
    this.#heldModel ??= seen.model
    this.#told = seen.told
    // What the intent said stands: from then on the outcome tells what a later message met.
    if (!this.#hasIntent) this.#decision = decision
    this.#sealRead()
    if (seen.unread === 'over-capacity' && decision.reason === 'unreadable') throw new ProxyError('over-capacity')
    return decision.action === 'block' ? this.#streamRefusal(decision) : null
  }

  async commit(): Promise<LocalAnswer | null> {
    const { action, isRecorded, tierRules } = this.#decision
    if (!isRecorded || action === 'allow' || action === 'block') return null
    this.#hasIntent = true
    try {
      await this.#ports.audit.append(intentEvent(this.#ports, this.#recordInput()))
      return null
    } catch (error) {
      const failureMode = tierRules?.onAuditFailure ?? 'closed'
      this.#ports.metrics.count('weir_audit_failures_total', { mode: failureMode })
      this.#ports.log.error({ flow: this.id, mode: failureMode, err: error }, 'audit.intent-failed')
      if (
        failureMode === 'open' ||
        (failureMode === 'spool' && this.#ports.audit.health().spooledBytes < SPOOL_BYTES)
      ) {
        this.#ports.audit.appendSoon(intentEvent(this.#ports, this.#recordInput()))
        return null
      }
      this.#hasIntent = false
      return this.fail(new ProxyError('audit-unavailable'))
    }
  }

  requestHeaders(headers: RawHeaders): RawHeaders {
    return this.#tenant === null ? headers : withTenantHeaders(headers, this.#tenant)
  }

  requestTrailers(trailers: RawHeaders): RawHeaders {
    return this.#tenant === null ? trailers : withoutTenantHeaders(trailers, this.#tenant)
  }

  usageReader(contentType: string | null): UsageReader | null {
    const { action, isRecorded, dialect } = this.#decision
    if (!isRecorded || (action !== 'log' && action !== 'redact')) return null
    const reader = dialectById(dialect).usageReader(contentType)
    return this.#openSealing()?.around(reader, contentType) ?? reader
  }

  answerSealer(): ((message: Uint8Array | null) => void) | null {
    const { action, isRecorded } = this.#decision
    if (!isRecorded || (action !== 'log' && action !== 'redact')) return null
    return this.#openSealing()?.messages('application/x-ndjson') ?? null
  }

  restorer(
    response: { readonly status: number; readonly headers: RawHeaders },
    room: (bytes: number) => boolean,
  ): RestoredBody | null {
    const { status, headers } = response
    const isEmpty = this.#input.head.method === 'HEAD' || status === 204 || status === 304
    const restoration = isEmpty ? null : this.#openRestoration()
    if (restoration === null) return null
    const restorer = restoration.body({ contentType: headerValue(headers, 'content-type'), room })
    const codings = parseContentEncoding(headerValues(headers, 'content-encoding'))
    if (codings.ok && restorer !== null) return { restorer, codings: codings.codings, isEdited: true }
    if (restorer !== null && !codings.ok) restoration.unrestored = codings.unread
    const watch = codings.ok && codings.codings.length === 0 ? restoration.watch() : null
    return watch === null ? null : { restorer: watch, codings: [], isEdited: false }
  }

  restoreMessage(message: Buffer): readonly Uint8Array[] | null {
    return canRestore(this.#decision.dialect) ? (this.#openRestoration()?.event(message) ?? null) : null
  }

  #openRestoration(): Restoration | null {
    const { restore } = this.#ports
    const { action, tierRules, dialect } = this.#decision
    const isReversible = action === 'redact' && tierRules?.reversible === true && !this.#isOneWay
    if (restore === undefined || !isReversible) return null
    this.#restoration ??= new Restoration(restore, {
      client: vaultKey(this.#input.client),
      dialect,
      placeholders: this.#placeholders,
      histories: this.#histories,
      isRead: this.#unread === null,
    })
    return this.#restoration
  }

  responseHeaders(): readonly string[] {
    return this.#isChanged ? ['x-weir-event', this.id, 'x-weir-action', 'redact'] : []
  }

  /** The notice of a block, in the client's own error format. */
  blockAnswer(decision = this.#decision): LocalAnswer {
    return this.#snapshot.answerWithNotice(this.blockNotice(decision), decision, this.#input.head)
  }

  blockNotice(decision = this.#decision): Notice {
    return this.#snapshot.renderNotice(decision, this.#input.head, this.id, this.#told)
  }

  #streamRefusal(decision: ExchangeDecision): StreamRefusal {
    const framing = requestFraming(this.#input.head)
    const ending = framing === null ? NO_ENDING : rpcEnding(framing, rpcCode(decision), this.blockNotice(decision).line)
    return { answer: this.blockAnswer(decision), ending }
  }

  fail(error: ProxyError): LocalAnswer | null {
    return answerFailure(error, this.id, this.#input.head)
  }

  async finish(end: ExchangeEnd): Promise<void> {
    await this.#recogniseLate()
    this.#countMetrics(end)
    this.#tellDiscovery(end)
    if (!this.#decision.isRecorded) return
    if (end.copy !== null) await this.measure(end.copy)
    else if (this.plan.kind === 'measure' && this.#hasBody && !this.#input.hasBody) await this.measure(NO_BODY)
    this.#unread ??= end.unread ?? null
    const record = { ...this.#recordInput(), bytesIn: end.bytesIn + (this.#inQuery?.bytes.length ?? 0) }
    const sealed = await this.#sealing?.close()
    const outcome = { ...this.#outcome(end), ...(sealed === undefined ? {} : { sealed }) }
    this.#ports.audit.appendSoon(
      this.#hasIntent
        ? followingOutcomeEvent(this.#ports, record, outcome)
        : singleOutcomeEvent(this.#ports, record, outcome),
    )
  }

  #decide(body: BodyFacts | null): ExchangeDecision {
    const { client, head } = this.#input
    return this.#snapshot.decideExchange({
      client,
      nowMs: this.#ports.clock.nowMs(),
      head,
      identification: this.#identification,
      ...this.#seen(),
      body,
    })
  }

  /** Only hosts that the catalogue does not have, and that are not the company's own. */
  #watchOf({ head, hasBody }: ExchangeInput): RequestWatch | null {
    if (this.#identification.host.isKnown) return null
    const isLeftAlone = this.#snapshot.isSanctioned(head.host) || this.#snapshot.isNeverRead(head.host)
    return new RequestWatch(head, hasBody && !isLeftAlone, this.#ports.discovery)
  }

  #seen(): Pick<ExchangeFacts, 'seenDialect' | 'sighting'> {
    const { watch } = this
    return watch?.isAi === true
      ? { seenDialect: watch.sighting.dialect, sighting: watch.sighting }
      : { seenDialect: null }
  }

  async peek(bytes: Uint8Array): Promise<void> {
    await this.watch?.body(bytes)
    if (this.watch?.isAi !== true || this.#decision.isRecorded) return
    this.#decision = this.#decide(null)
    this.#unread = this.#decision.unread
    this.plan = this.#planFor(this.#decision)
  }

  /** Nobody knew before it had passed: it is recorded as what it was, and what would have been done is said. */
  async #recogniseLate(): Promise<void> {
    await this.watch?.end()
    if (this.watch?.isAi !== true || this.#decision.isRecorded) return
    const decision = this.#decide(null)
    if (!decision.isRecorded) return
    const would = decision.action === 'redact' || decision.action === 'block' ? decision.action : decision.would
    this.#decision = { ...decision, action: 'allow', would, reason: 'unlisted-late' }
    this.#unread = 'recognised-late'
  }

  #planFor(decision: ExchangeDecision): ExchangePlan {
    const { head, parent } = this.#input
    return planExchange(decision, {
      head,
      hasBody: this.#hasBody,
      isApart: parent !== undefined || this.#inQuery !== null,
      mayRestore: this.#ports.restore !== undefined && !this.#isOneWay,
      blockAnswer: () => this.blockAnswer(),
    })
  }

  async measure(copy: HeldBody): Promise<void> {
    const from = this.#ports.clock.tickMs()
    const facts = await this.#withRoom(copy, () =>
      readBodyFacts(this.#readPorts(), this.#bodyHead, this.#decision.dialect, this.#bodyOf(copy)),
    )
    const beside = await readBeside(this.#readPorts(), this.#beside?.json ?? null)
    this.#inspectMs = this.#ports.clock.tickMs() - from
    this.#findings = joinCounts(facts.counts, countFindings(beside.findings))
    this.#unread ??= facts.unread ?? beside.unread
    this.#heldModel = facts.model
    this.#sealRead()
  }

  /** What was read last goes to the auditors, where the tier that counts now says so. */
  #sealRead(): void {
    const reading = this.#reading
    this.#reading = null
    const contentType = headerValue(this.#bodyHead.headers, 'content-type')
    if (reading !== null) this.#openSealing()?.request(reading, contentType, this.plan.kind !== 'messages')
  }

  #openSealing(): Sealing | null {
    const { seal, inspect } = this.#ports
    const mode = this.#decision.tierRules?.seal ?? 'none'
    if (seal === undefined || mode === 'none') return null
    this.#sealing ??= new Sealing({ seal, inspect }, { flow: this.id, client: this.#input.client, mode })
    return this.#sealing
  }

  /** What says how a body is written. The lines of an upgrade say nothing of the messages behind it. */
  get #bodyHead(): RequestHead {
    const { head, parent } = this.#input
    if (this.#inQuery !== null) {
      const { contentType, contentEncoding } = this.#inQuery
      return { ...head, headers: ['content-type', contentType, 'content-encoding', contentEncoding] }
    }
    return parent === undefined ? head : { ...head, headers: MESSAGE_LINES }
  }

  /** Nobody reads the answer for values, or nobody knows which of several people would get them. */
  get #isOneWay(): boolean {
    return this.#input.isOneWay === true || this.#isShared
  }

  get #isShared(): boolean {
    return this.#input.client.isShared === true
  }

  /** Of requests whose bodies are read, and not of what is behind an upgrade. */
  get #beside(): BesideText | null {
    const { head, parent, query = '' } = this.#input
    const { action, isRecorded, needsBody, tierRules } = this.#decision
    const isReadByTier = tierRules?.read === 'body' && (action === 'log' || action === 'redact')
    // Which tier counts may only be known with the body.
    const isRead = isRecorded && (needsBody || isReadByTier)
    if (!isRead || parent !== undefined || head.isUpgrade) return null
    this.#besideText ??= { text: besideText(head, this.#inQuery === null ? query : '') }
    return this.#besideText.text
  }

  get #hasBody(): boolean {
    return this.#input.hasBody || this.#inQuery !== null || this.#beside?.hasQuery === true
  }

  /** What is looked into. Of a message in the query and a body behind it nobody knows which one the server takes. */
  #bodyOf(held: HeldBody): HeldBody {
    if (this.#inQuery === null) return held
    const isRead = this.#inQuery.isReadable && !this.#input.hasBody
    return { bytes: this.#inQuery.bytes, cut: null, ...(isRead ? {} : { unread: 'unparsable' }) }
  }

  #judgePorts(): Parameters<typeof judgeHeldBody>[0] {
    const { restore, recovery } = this.#ports
    const editFor = vaultKey(this.#input.client)
    return {
      ...this.#readPorts(),
      editFor,
      isOneWay: this.#isOneWay,
      ...(recovery === undefined ? {} : { recovery }),
      decide: (facts) => this.#decide(facts),
      ...(restore === undefined || this.#isOneWay
        ? {}
        : { knows: (histories: readonly string[]) => knowsHistories(restore, editFor, histories) }),
    }
  }

  /** Small bodies, and those that say of no coding, need no room beside what is held of them. */
  #withRoom<T>({ bytes }: HeldBody, read: () => Promise<T>): Promise<T> {
    const { decoding } = this.#ports
    const { maxBytes, maxRatio } = this.#readPorts().limits
    const worst = Math.min(maxBytes, bytes.length * maxRatio)
    const { headers } = this.#bodyHead
    const isCoded = CODING_LINES.some((name) => headerValue(headers, name) !== null)
    if (decoding === undefined || !isCoded || worst <= SMALL_BYTES) return read()
    return decoding.run(this.#input.client.address, worst, read)
  }

  #readPorts(): Parameters<typeof readBodyFacts>[0] {
    const maxBytes = this.#decision.tierRules?.inspectMaxBytes ?? 0
    const limits = { maxBytes, maxRatio: this.#ports.limits.decodedRatio }
    const onRead = (reading: BodyReading): void => {
      this.#reading = reading
    }
    const { turns } = this.#ports
    return {
      inspect: this.#ports.inspect,
      ...(turns === undefined ? {} : { turns }),
      limits,
      flow: this.id,
      ...(this.#ports.seal === undefined ? {} : { onRead }),
    }
  }

  #recordInput(): Parameters<typeof intentEvent>[1] {
    return {
      flow: this.id,
      client: this.#input.client,
      decision: this.#decision,
      head: this.#input.head,
      http: this.#input.http,
      policyRevision: this.#snapshot.revision,
      bytesIn: this.#bytesIn,
      findings: this.#findings,
      bytesUnchanged: !this.#isChanged && this.#decision.action !== 'block',
      ...(this.#tenant === null || this.#decision.action === 'block' ? {} : { tenants: this.#tenant.restrictions }),
      unread: this.#unread,
      ...(this.#input.parent === undefined ? {} : { parent: this.#input.parent }),
    }
  }

  #outcome(end: ExchangeEnd): OutcomeFields {
    const { usage } = end
    const hasTokens = usage !== null && (usage.tokensIn !== null || usage.tokensOut !== null)
    return {
      status: end.status,
      bytesOut: end.bytesOut,
      model: usage?.model ?? this.#heldModel,
      tokens: hasTokens ? { in: usage.tokensIn, out: usage.tokensOut } : null,
      timings: {
        decideMs: round(this.#decideMs),
        inspectMs: this.#inspectMs === null ? null : round(this.#inspectMs),
        upstreamMs: end.upstreamMs === null ? null : round(end.upstreamMs),
        totalMs: round(this.#ports.clock.tickMs() - this.#startedTick),
      },
      error: errorFields(end.error),
      complete: end.isComplete,
      ...(end.messages === undefined ? {} : { messages: end.messages }),
      ...(end.close === undefined ? {} : { close: end.close }),
      ...this.#restoredFields(),
    }
  }

  #restoredFields(): Pick<OutcomeFields, 'restored' | 'restoreMisses' | 'unrestored'> {
    const { restored = 0, misses = 0, unrestored = null } = this.#restoration ?? {}
    const { dialect, tierRules } = this.#decision
    const isLost = this.#isChanged && tierRules?.reversible === true && (this.#isShared || !canRestore(dialect))
    const why = unrestored ?? (isLost ? (this.#isShared ? 'shared-address' : 'dialect') : null)
    return {
      ...(restored === 0 ? {} : { restored }),
      ...(misses === 0 ? {} : { restoreMisses: misses }),
      ...(why === null ? {} : { unrestored: why }),
    }
  }

  #tellDiscovery({ bytesIn, bytesOut }: ExchangeEnd): void {
    const { client, head, parent } = this.#input
    // What is behind an upgrade was counted with it.
    if (parent !== undefined) return
    tellDiscovery(this.#ports.discovery, this.#snapshot, {
      ...{ client: client.address, head, bytesIn, bytesOut },
      decision: this.#decision,
      isKnownHost: this.#identification.host.isKnown,
      sighting: this.watch?.sighting ?? null,
    })
  }

  #countMetrics(end: ExchangeEnd): void {
    const { tool, tier, action, isRecorded } = this.#decision
    if (isRecorded) {
      const labels = { tool: tool ?? UNLISTED, tier: tier ?? 'none', action }
      this.#ports.metrics.count('weir_requests_total', labels)
    } else this.#ports.metrics.count('weir_requests_total', NOT_AI)
    const { restored = 0, misses = 0 } = this.#restoration ?? {}
    if (restored > 0) this.#ports.metrics.count('weir_restored_total', {}, restored)
    if (misses > 0) {
      this.#ports.metrics.count('weir_restore_misses_total', {}, misses)
      this.#ports.log.warn({ flow: this.id }, 'flow.restore-miss')
    }
    if (end.error !== null) {
      this.#ports.metrics.count('weir_errors_total', { code: end.error.code, side: end.error.side })
    }
  }
}

/** How many bytes of records may wait in memory while the disk is away, for tiers that say `spool`. */
const SPOOL_BYTES = 64 * 1024 * 1024

/** All there is to know of a body that does not exist, so that rules on it need not wait. */
const bodyless = (head: RequestHead): BodyFacts => ({
  model: modelInPath(head.path),
  findings: [],
  hasUneditableFinding: false,
  unread: null,
})

const NO_BODY: HeldBody = { bytes: new Uint8Array(0), cut: null }

/** What says that a body, or a message in it, is compressed. */
const CODING_LINES = ['content-encoding', 'grpc-encoding', 'connect-content-encoding']

/** A decoded body that is not worth waiting for. */
const SMALL_BYTES = 65_536

const MESSAGE_LINES = ['content-type', 'application/json']

/** For what is in no frames: nothing can be said behind the bytes that went out. */
const NO_ENDING: RpcEnding = { bytes: new Uint8Array(0), trailers: [] }

const NOT_AI = { tool: 'none', tier: 'none', action: 'allow' }

const round = (ms: number): number => Math.round(ms * 100) / 100
