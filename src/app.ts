/** The only place where the parts are joined: state → audit → CA → upstream → edge → admin port. Nothing here decides. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createIdSource } from './audit/event-id.ts'
import type { PersonDesk } from './audit/person-desk.ts'
import type { AuditSinks } from './audit/sinks/sinks.ts'
import type { Spool } from './audit/spool.ts'
import type { EventStore } from './audit/store.ts'
import type { Authority } from './ca/authority.ts'
import { type AuditTrail, openAuditTrail } from './cli/audit-trail.ts'
import { joinClientIdentity, tokenFile } from './cli/client-identity.ts'
import { createControlPorts } from './cli/control-ports.ts'
import { createDirectoryGroups, type DirectoryGroups } from './cli/directory-groups.ts'
import { type DiscoveryDesk, openDiscoveryDesk } from './cli/discovery-desk.ts'
import { type FeedbackDesk, openFeedbackDesk } from './cli/feedback-desk.ts'
import { listenProblem } from './cli/listen-address.ts'
import { type BoundListen, listenAll, ownPortsOf } from './cli/listen-all.ts'
import { closeAll, type Opened } from './cli/opened.ts'
import { createPersonsPort } from './cli/persons-port.ts'
import { openProxyTls, type ProxyTls } from './cli/proxy-tls.ts'
import { openSealedContent, type SealedContentDesk } from './cli/sealed-content.ts'
import { createSinkGauges, sinkCounts } from './cli/sink-gauges.ts'
import { loadStartParts, type StartFailure, type StartOptions, type StartParts } from './cli/start-parts.ts'
import { watchTokenDeeds } from './cli/token-deeds.ts'
import { proxyListens } from './config/proxy-listens.ts'
import { createRulesArchive, type RulesArchive } from './config/rules-archive.ts'
import type { WeirConfig } from './config/schema.ts'
import type { LoadedState } from './config/state.ts'
import { type ReloadCause, type ReloadReport, type StateWatch, watchState } from './config/watch.ts'
import { parseListen } from './control/listen.ts'
import type { ControlPorts } from './control/ports.ts'
import { type ControlServer, createControlServer } from './control/server.ts'
import { dialectById } from './dialects/registry.ts'
import { formatAuthority } from './domain/destination.ts'
import type { ListenerEntry, Problem } from './domain/settings.ts'
import { createProxyListener, type ProxyListener } from './edge/listener.ts'
import { createDecodingRoom } from './flow/decoding-room.ts'
import type { Clock, FlowPorts } from './flow/ports.ts'
import { adminEvent, configEvent } from './flow/record.ts'
import { createRefusalFolder } from './flow/tunnel.ts'
import { createBlockedValues } from './inspect/blocked-values.ts'
import { createMarkOf, type MarkOf } from './inspect/finding-marks.ts'
import { BUDGET_MS, createInspector } from './inspect/inspector.ts'
import { createMemo } from './inspect/memo.ts'
import { createVault } from './inspect/vault.ts'
import { createReadiness, type Readiness } from './observe/health.ts'
import { createHeapWatch } from './observe/heap.ts'
import { createLogger, type LogDestination, type OperationalLog } from './observe/log.ts'
import { createMetrics, type MetricsRegistry } from './observe/metrics.ts'
import { createLoopTurns } from './scan-pool/loop-turns.ts'
import { ruleSourcesOf } from './scan-pool/rule-sources.ts'
import { createScanPool, type ScanPool } from './scan-pool/scan-pool.ts'
import { openTokenStore, type TokenStore } from './state/token-store.ts'
import { createAddressGuard } from './upstream/address-guard.ts'
import { createDialer, type Dialer } from './upstream/dial.ts'
import { createForwarder, type Forwarder } from './upstream/forward.ts'
import { createOwnConnections } from './upstream/own-connections.ts'
import { createParentProxy } from './upstream/parent-proxy.ts'
import { createPassThrough, type PassThrough } from './upstream/pass-through.ts'
import { createUpgrader, type Upgrader } from './upstream/upgrade.ts'

export interface AppOptions extends Omit<StartOptions, 'nowMs'> {
  /** Where the operational log goes; standard output when left out. */
  readonly log?: LogDestination
}

export interface AppAddresses {
  readonly proxy: readonly BoundListen[]
  readonly socks: readonly BoundListen[]
  readonly transparent: readonly BoundListen[]
  /** `host:port`. */
  readonly admin: string
}

function addressesOf(bound: readonly BoundListen[], admin: string): AppAddresses {
  const of = (kind: ListenerEntry['kind']): BoundListen[] => bound.filter(({ entry }) => entry.kind === kind)
  return { proxy: of('proxy'), socks: of('socks'), transparent: of('transparent'), admin }
}

export type StartResult = { readonly ok: true; readonly addresses: AppAddresses } | StartFailure

const clock: Clock = {
  nowMs: () => Date.now(),
  nowIso: () => new Date().toISOString(),
  tickMs: () => performance.now(),
}

/** Load and open everything that can fail before a port is taken. On failure nothing is left open. */
export async function createApp({
  log: destination,
  ...options
}: AppOptions): Promise<{ readonly ok: true; readonly app: App } | StartFailure> {
  const loaded = await loadStartParts({ ...options, nowMs: clock.nowMs })
  if (!loaded.ok) return loaded
  const { parts } = loaded
  const { audit, data, log: settings } = parts.state.config
  const log = createLogger({
    level: settings.level,
    hidesClients: audit.privacy !== 'full',
    ...(destination === undefined ? {} : { destination }),
  })
  const opened: Opened[] = [{ close: parts.release }]
  try {
    return { ok: true, app: new App({ ...parts, log, opened }) }
  } catch (error) {
    await closeAll(opened, log)
    return unreachable(data.dir, `cannot be used: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Event files that the store cannot read: traffic is not concerned, the auditors are. */
function detailsOf(store: Pick<EventStore, 'health'>): { readonly store?: string } {
  const { ok, detail } = store.health()
  return ok && detail !== null ? { store: detail } : {}
}

const unreachable = (file: string, message: string): StartFailure => ({
  ok: false,
  kind: 'unreachable',
  problems: [{ file, line: null, path: '', message, severity: 'error' }],
})

interface AppParts extends StartParts {
  readonly log: OperationalLog
  /** Grows as parts are opened, also when the constructor throws half way. */
  readonly opened: Opened[]
}

export class App {
  readonly config: WeirConfig
  readonly warnings: readonly Problem[]
  readonly authority: Authority
  readonly #parts: AppParts
  readonly #metrics: MetricsRegistry
  readonly #newId: () => string
  readonly #spool: Spool
  readonly #sinks: AuditSinks
  readonly #setSinks: AuditTrail['setSinks']
  readonly #showSinks: (names: readonly string[]) => void
  readonly #store: EventStore
  readonly #archive: RulesArchive
  readonly #watch: StateWatch
  readonly #tokens: TokenStore
  readonly #own = createOwnConnections()
  readonly #dialer: Dialer
  readonly #forwarder: Forwarder
  readonly #passThrough: PassThrough
  readonly #upgrader: Upgrader
  readonly #readiness: Readiness
  readonly #listener: ProxyListener
  readonly #proxyTls: ProxyTls
  readonly #control: ControlServer
  readonly #ownPorts: number[] = []
  readonly #vault = createVault()
  /** All work on large bodies shares them. */
  readonly #turns = createLoopTurns()
  readonly #inspector: ScanPool
  readonly #markOf: MarkOf
  readonly #feedback: FeedbackDesk
  readonly #discovery: DiscoveryDesk
  readonly #sealed: SealedContentDesk
  readonly #persons: PersonDesk
  #addresses: AppAddresses = addressesOf([], '')
  #stopping: Promise<void> | null = null

  constructor(parts: AppParts) {
    const { config } = parts.state
    this.#parts = parts
    this.config = config
    this.warnings = parts.warnings
    this.authority = parts.authority
    this.#markOf = createMarkOf({ prefix: config.inspect.placeholder, key: parts.placeholderKey })
    this.#newId = createIdSource()
    const metrics = createMetrics()
    this.#metrics = this.#open(metrics, () => metrics.stop())
    const { store, spool, tree, sinks, persons, setSinks } = openAuditTrail(config, parts, parts.opened)
    this.#sinks = sinks
    this.#setSinks = setSinks
    this.#showSinks = createSinkGauges(this.#metrics, sinks)
    this.#persons = persons
    this.#store = store
    this.#spool = spool
    this.#archive = this.#openArchive()
    this.#watch = this.#openWatch()
    this.#tokens = this.#openTokens()
    const feedback = openFeedbackDesk({ config, markOf: this.#markOf, nowMs: clock.nowMs })
    this.#feedback = this.#open(feedback, () => feedback.close())
    this.#discovery = this.#openDiscovery()
    const { seal, log } = parts
    this.#sealed = openSealedContent({ config, seal, persons, clock, log }, parts.opened)
    const dialer = createDialer({
      guard: createAddressGuard({ allowPrivate: config.upstream.allowPrivate, ownPorts: () => this.#ownPorts }),
      pins: config.upstream.resolve,
      extraRoots: parts.files.extraRoots,
      connectMs: config.timeouts.connectMs,
      handshakeMs: config.timeouts.handshakeMs,
      parent:
        config.upstream.parent === null ? null : createParentProxy(config.upstream.parent, config.upstream.noProxy),
    })
    this.#dialer = this.#own.watch(dialer)
    const { timeouts } = config
    const passThrough = createPassThrough({
      dialer: this.#dialer,
      firstByteMs: timeouts.firstByteMs,
      tunnelIdleMs: timeouts.tunnelIdleMs,
    })
    this.#passThrough = this.#open(passThrough, () => passThrough.close())
    const { firstByteMs } = timeouts
    const upgrader = createUpgrader({ dialer, firstByteMs, maxHeaderBytes: config.proxy.maxHeaderBytes })
    this.#upgrader = this.#open(upgrader, () => upgrader.close())
    const forwarder = createForwarder({ dialer: this.#dialer, timeouts, maxHeaderBytes: config.proxy.maxHeaderBytes })
    this.#forwarder = this.#open(forwarder, () => forwarder.close())
    const ready = {
      spool: () => this.#spool.health().ok,
      store: () => this.#store.health().ok,
      tree: () => tree.health().ok,
      ca: () => this.authority.ready().ok,
      rules: () => true,
    }
    this.#readiness = createReadiness(ready, () => detailsOf(this.#store))
    this.#proxyTls = openProxyTls(config, parts.files, parts.log)
    this.#inspector = this.#createInspector()
    this.#listener = this.#createListener()
    this.#control = createControlServer(this.#controlPorts(), {
      listen: config.admin.listen,
      tls: parts.files.adminTls,
      networks: config.admin.networks,
      publicUrl: config.admin.publicUrl,
      tokens: [parts.token],
    })
    this.#addGauges()
  }

  /** Listen on every address, or on none. */
  async start(): Promise<StartResult> {
    const { bound, problems: taken } = await listenAll(this.#listener, proxyListens(this.config.proxy))
    const problems = [...taken]
    const admin = await this.#startControl(problems)
    if (problems.length > 0 || admin === null) {
      await this.stop()
      return { ok: false, kind: 'unreachable', problems }
    }
    this.#ownPorts.push(...ownPortsOf(bound), parseListen(admin).port)
    this.#addresses = addressesOf(bound, admin)
    this.#recordStart()
    return { ok: true, addresses: this.#addresses }
  }

  /** Something was thrown that nobody caught: it stands in the log before the process stops. */
  fault(error: unknown): void {
    this.#parts.log.error({ err: error }, 'app.fault')
  }

  /** Never rejects: what cannot be read again is logged, and what is in force stays. */
  async reload(by: ReloadCause): Promise<void> {
    try {
      await this.#watch.reload(by)
      this.#proxyTls.reload()
      const result = await this.authority.reload()
      if (!result.ok) this.#parts.log.error({ problems: result.problems }, 'ca.reload-refused')
    } catch (error) {
      this.#parts.log.error({ err: error }, 'app.reload-failed')
    }
  }

  /** Refuse new work, finish what runs, write every event, close everything. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#readiness.drain()
    await this.#listener.drain(this.config.timeouts.drainMs)
    await this.#control.stop()
    await closeAll(this.#parts.opened, this.#parts.log)
  }

  #open<T>(value: T, close: () => unknown): T {
    this.#parts.opened.push({ close })
    return value
  }

  #openArchive(): RulesArchive {
    const archive = createRulesArchive(join(this.config.data.dir, 'policies'), {
      nowIso: clock.nowIso,
      onError: (error) => this.#parts.log.error({ err: error }, 'config.archive-failed'),
    })
    return this.#open(archive, () => archive.close())
  }

  #openWatch(): StateWatch {
    const { log, state, load } = this.#parts
    const watch = watchState({
      initial: state,
      load,
      onReport: (report) => this.#onReload(report),
      onSwap: (state) => this.#onSwap(state),
      onWatchError: (folder, error) => log.warn({ folder, err: error }, 'config.watch-failed'),
    })
    return this.#open(watch, () => watch.close())
  }

  /** What was done to tokens while nothing ran is recorded first. */
  #openTokens(): TokenStore {
    // Short: the event loop waits for it.
    const tokens = openTokenStore(tokenFile(this.config), { waitMs: 50 })
    this.#open(tokens, () => tokens.close())
    const deeds = watchTokenDeeds({
      tokens,
      record: (deed) => this.#spool.append(adminEvent({ newId: this.#newId, clock }, deed)),
      log: this.#parts.log,
    })
    this.#open(deeds, () => deeds.close())
    return tokens
  }

  async #startControl(problems: Problem[]): Promise<string | null> {
    try {
      const { address } = await this.#control.start()
      return address
    } catch (error) {
      problems.push(...unreachable(this.config.admin.listen, listenProblem(error)).problems)
      return null
    }
  }

  #createListener(): ProxyListener {
    const { config } = this
    const flow: FlowPorts = {
      snapshots: { current: () => this.#watch.current().rules.snapshot },
      audit: this.#spool,
      inspect: this.#feedback.around(this.#inspector),
      clock,
      newId: this.#newId,
      limits: config.limits,
      decoding: createDecodingRoom(config.limits.inspectingBytes),
      turns: this.#turns,
      ...(this.#sealed.port === undefined ? {} : { seal: this.#sealed.port }),
      restore: {
        vault: this.#vault,
        prefix: config.inspect.placeholder,
        restoreLarge: this.#inspector.restoreLarge,
      },
      recovery: {
        markOf: this.#markOf,
        blocked: createBlockedValues({ nowMs: clock.nowMs }),
        newestOf: this.#inspector.newestOf,
      },
      discovery: this.#discovery.flow,
      metrics: this.#metrics,
      log: this.#parts.log,
    }
    return createProxyListener(
      {
        flow,
        identity: joinClientIdentity({
          current: () => this.#watch.current(),
          tokens: this.#tokens,
          certificates: this.#proxyTls.certificates,
          kerberos: this.#parts.kerberos,
          groups: this.#openDirectory(),
          clock,
          log: this.#parts.log,
        }),
        upstream: this.#forwarder,
        passThrough: this.#passThrough,
        upgrades: this.#upgrader,
        dialer: this.#dialer,
        certificates: this.authority,
        refusals: createRefusalFolder(clock.tickMs),
        isOwnConnection: this.#own.has,
        isHeapFull: createHeapWatch({ percent: config.limits.heapPercent, nowMs: clock.tickMs }),
      },
      {
        timeouts: config.timeouts,
        limits: config.limits,
        headers: config.proxy,
        networks: config.proxy.networks,
        proxyProtocol: config.proxy.proxyProtocol,
        trustedProxies: () => this.#watch.current().config.identity.trustedProxies,
        tls: this.#proxyTls.listener,
      },
    )
  }

  #openDiscovery(): DiscoveryDesk {
    const desk = openDiscoveryDesk({
      config: this.config,
      key: this.#parts.placeholderKey,
      snapshot: () => this.#watch.current().rules.snapshot,
      nowMs: clock.nowMs,
      log: this.#parts.log,
      metrics: this.#metrics,
      record: (deed) => this.#spool.appendSoon(adminEvent({ newId: this.#newId, clock }, deed)),
    })
    return this.#open(desk, () => desk.close())
  }

  #openDirectory(): DirectoryGroups {
    const groups = createDirectoryGroups({
      settings: () => this.#watch.current().config.identity.ldap,
      clock,
      log: this.#parts.log,
      metrics: this.#metrics,
    })
    return this.#open(groups, () => groups.close())
  }

  #createInspector(): ScanPool {
    const { inspect } = this.config
    const inspector = createInspector({
      detectors: () => this.#watch.current().rules.detectors,
      textPartsOf: (dialect, body, contentType) => dialectById(dialect).textParts(body, contentType),
      placeholderPrefix: inspect.placeholder,
      placeholderKey: this.#parts.placeholderKey,
      depth: inspect.depth,
      nowMs: clock.tickMs,
      vault: this.#vault,
      memo: createMemo(randomBytes(32)),
    })
    const pool = createScanPool({
      inspector,
      threads: inspect.workers,
      settings: { prefix: inspect.placeholder, depth: inspect.depth, budgetMs: BUDGET_MS },
      rules: () => {
        const { detectors, made } = this.#watch.current().rules
        return { identity: detectors, sources: () => ruleSourcesOf(made.files) }
      },
      valuesOf: this.#vault.valuesOf,
      turns: this.#turns,
      log: this.#parts.log,
    })
    return this.#open(pool, () => pool.close())
  }

  #controlPorts(): ControlPorts {
    const { log, warnings } = this.#parts
    return createControlPorts({
      store: this.#store,
      feedback: this.#feedback.port,
      discover: this.#discovery.port,
      sealed: this.#sealed.sealed,
      persons: createPersonsPort({
        data: this.config.data.dir,
        privacy: this.#persons.privacy,
        keys: this.#persons.keys,
        store: this.#store,
        record: (deed) => this.#spool.append(adminEvent({ newId: this.#newId, clock }, deed)),
      }),
      watch: this.#watch,
      warnings,
      readiness: { ...this.#readiness, sinks: () => sinkCounts(this.#sinks) },
      metrics: this.#metrics,
      authority: this.authority,
      record: (deed) => this.#spool.appendSoon(adminEvent({ newId: this.#newId, clock }, deed)),
      recordFirst: (deed) => this.#spool.append(adminEvent({ newId: this.#newId, clock }, deed)),
      log,
      listens: () => [...this.#addresses.proxy, ...this.#addresses.socks],
      nowMs: clock.nowMs,
    })
  }

  #recordStart(): void {
    this.#archive.keep(this.#watch.current())
    const { revision } = this.#watch.current().rules.snapshot
    const change = { what: 'rules', from: null, to: revision, ok: true, problems: 0, by: 'start' } as const
    this.#spool.appendSoon(configEvent({ newId: this.#newId, clock }, change))
    const { proxy, socks, transparent, admin } = this.#addresses
    const listed = [...proxy, ...socks, ...transparent].map(({ host, port }) => formatAuthority(host, port))
    this.#parts.log.info({ proxy: listed, admin }, 'app.listening')
  }

  #onSwap(state: LoadedState): void {
    this.#archive.keep(state)
    this.#setSinks(state.config.audit.sinks)
    this.#showSinks(state.config.audit.sinks.map(({ name }) => name))
  }

  #onReload(report: ReloadReport): void {
    this.#inspector.refresh()
    const { problems, ...change } = report
    this.#spool.appendSoon(configEvent({ newId: this.#newId, clock }, { ...change, problems: problems.length }))
    const log = report.ok ? this.#parts.log.info : this.#parts.log.error
    log(
      { what: report.what, from: report.from, to: report.to, problems },
      report.ok ? 'config.reloaded' : 'config.refused',
    )
  }

  #addGauges(): void {
    this.#metrics.gauge('weir_connections', () => this.#listener.connectionCount())
    this.#metrics.gauge('weir_inspecting_bytes', () => this.#listener.inspectingBytes())
    this.#metrics.gauge('weir_audit_spooled_bytes', () => this.#spool.health().spooledBytes)
    this.#metrics.gauge('weir_audit_writable', () => (this.#spool.health().ok ? 1 : 0))
    this.#showSinks(this.config.audit.sinks.map(({ name }) => name))
    this.#metrics.gauge('weir_audit_lost_records', () => this.#spool.lost())
  }
}
