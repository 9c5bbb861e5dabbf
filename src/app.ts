/** The only place where the parts are joined: state → audit → CA → upstream → edge → admin port. Nothing here decides. */
import { join } from 'node:path'
import { createIdSource } from './audit/event-id.ts'
import type { EventStore } from './audit/store.ts'
import type { Authority } from './ca/authority.ts'
import { type AuditTrail, openAuditTrail } from './cli/audit-trail.ts'
import { joinClientIdentity, tokenFile } from './cli/client-identity.ts'
import { createControlPorts } from './cli/control-ports.ts'
import { createDirectoryGroups, type DirectoryGroups } from './cli/directory-groups.ts'
import { type DiscoveryDesk, openDiscoveryDesk } from './cli/discovery-desk.ts'
import { type FeedbackDesk, openFeedbackDesk } from './cli/feedback-desk.ts'
import { type Inspection, openInspection } from './cli/inspection.ts'
import { listenProblem } from './cli/listen-address.ts'
import { type BoundListen, listenAll, ownPortsOf } from './cli/listen-all.ts'
import { closeAll, type Opened } from './cli/opened.ts'
import { createPersonsPort } from './cli/persons-port.ts'
import { openProxyTls, type ProxyTls } from './cli/proxy-tls.ts'
import { openSealedContent, type SealedContentDesk } from './cli/sealed-content.ts'
import { createSinkGauges, sinkCounts } from './cli/sink-gauges.ts'
import { loadStartParts, type StartFailure, type StartOptions, type StartParts } from './cli/start-parts.ts'
import { watchTokenDeeds } from './cli/token-deeds.ts'
import { openUpstreamSide, type UpstreamSide } from './cli/upstream-side.ts'
import { proxyListens } from './config/proxy-listens.ts'
import { createRulesArchive, type RulesArchive } from './config/rules-archive.ts'
import type { WeirConfig } from './config/schema.ts'
import type { LoadedState } from './config/state.ts'
import { type ReloadCause, type ReloadReport, type StateWatch, watchState } from './config/watch.ts'
import { parseListen } from './control/listen.ts'
import type { ControlPorts } from './control/ports.ts'
import { type ControlServer, createControlServer } from './control/server.ts'
import { formatAuthority } from './domain/destination.ts'
import type { ListenerEntry, Problem } from './domain/settings.ts'
import { createProxyListener, type ProxyListener } from './edge/listener.ts'
import { createDecodingRoom } from './flow/decoding-room.ts'
import type { Clock, FlowPorts } from './flow/ports.ts'
import { adminEvent, configEvent } from './flow/record.ts'
import { createRefusalFolder } from './flow/tunnel.ts'
import { createReadiness, type Readiness } from './observe/health.ts'
import { createHeapWatch } from './observe/heap.ts'
import { createLogger, type LogDestination, type OperationalLog } from './observe/log.ts'
import { createMetrics, type MetricsRegistry } from './observe/metrics.ts'
import { openTokenStore, type TokenStore } from './state/token-store.ts'

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
  readonly #audit: AuditTrail
  readonly #showSinks: (names: readonly string[]) => void
  readonly #archive: RulesArchive
  readonly #watch: StateWatch
  readonly #tokens: TokenStore
  readonly #upstream: UpstreamSide
  readonly #readiness: Readiness
  readonly #listener: ProxyListener
  readonly #proxyTls: ProxyTls
  readonly #control: ControlServer
  readonly #ownPorts: number[] = []
  readonly #inspection: Inspection
  readonly #feedback: FeedbackDesk
  readonly #discovery: DiscoveryDesk
  readonly #sealed: SealedContentDesk
  #addresses: AppAddresses = addressesOf([], '')
  #stopping: Promise<void> | null = null

  constructor(parts: AppParts) {
    const { config } = parts.state
    this.#parts = parts
    this.config = config
    this.warnings = parts.warnings
    this.authority = parts.authority
    this.#newId = createIdSource()
    const metrics = createMetrics()
    this.#metrics = this.#open(metrics, () => metrics.stop())
    this.#audit = openAuditTrail(config, parts, parts.opened)
    this.#showSinks = createSinkGauges(this.#metrics, this.#audit.sinks)
    this.#archive = this.#openArchive()
    this.#watch = this.#openWatch()
    this.#tokens = this.#openTokens()
    const { seal, log, placeholderKey: key } = parts
    this.#inspection = openInspection(
      { config, key, rules: () => this.#watch.current().rules, clock, log },
      parts.opened,
    )
    const {
      markOf,
      ports: { turns },
    } = this.#inspection
    const feedback = openFeedbackDesk({ config, markOf, nowMs: clock.nowMs, ...(turns === undefined ? {} : { turns }) })
    this.#feedback = this.#open(feedback, () => feedback.close())
    this.#discovery = this.#openDiscovery()
    this.#sealed = openSealedContent({ config, seal, persons: this.#audit.persons, clock, log }, parts.opened)
    this.#upstream = openUpstreamSide({ config, files: parts.files, ownPorts: () => this.#ownPorts }, parts.opened)
    const ready = {
      spool: () => this.#audit.spool.health().ok,
      store: () => this.#audit.store.health().ok,
      tree: () => this.#audit.tree.health().ok,
      ca: () => this.authority.ready().ok,
      rules: () => true,
    }
    this.#readiness = createReadiness(ready, () => detailsOf(this.#audit.store))
    this.#proxyTls = openProxyTls(config, parts.files, parts.log)
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
      record: (deed) => this.#audit.spool.append(adminEvent({ newId: this.#newId, clock }, deed)),
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
    const { dialer, forwarder, passThrough, upgrader, isOwnConnection } = this.#upstream
    const flow: FlowPorts = {
      snapshots: { current: () => this.#watch.current().rules.snapshot },
      audit: this.#audit.spool,
      inspect: this.#feedback.around(this.#inspection.pool),
      clock,
      newId: this.#newId,
      limits: config.limits,
      decoding: createDecodingRoom(config.limits.inspectingBytes),
      ...(this.#sealed.port === undefined ? {} : { seal: this.#sealed.port }),
      ...this.#inspection.ports,
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
        upstream: forwarder,
        passThrough,
        upgrades: upgrader,
        dialer,
        certificates: this.authority,
        refusals: createRefusalFolder(clock.tickMs),
        isOwnConnection,
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
      record: (deed) => this.#audit.spool.appendSoon(adminEvent({ newId: this.#newId, clock }, deed)),
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

  #controlPorts(): ControlPorts {
    const { log, warnings } = this.#parts
    return createControlPorts({
      store: this.#audit.store,
      feedback: this.#feedback.port,
      discover: this.#discovery.port,
      sealed: this.#sealed.sealed,
      persons: createPersonsPort({
        data: this.config.data.dir,
        privacy: this.#audit.persons.privacy,
        keys: this.#audit.persons.keys,
        store: this.#audit.store,
        record: (deed) => this.#audit.spool.append(adminEvent({ newId: this.#newId, clock }, deed)),
      }),
      watch: this.#watch,
      warnings,
      readiness: { ...this.#readiness, sinks: () => sinkCounts(this.#audit.sinks) },
      metrics: this.#metrics,
      authority: this.authority,
      record: (deed) => this.#audit.spool.appendSoon(adminEvent({ newId: this.#newId, clock }, deed)),
      recordFirst: (deed) => this.#audit.spool.append(adminEvent({ newId: this.#newId, clock }, deed)),
      log,
      listens: () => [...this.#addresses.proxy, ...this.#addresses.socks],
      nowMs: clock.nowMs,
    })
  }

  #recordStart(): void {
    this.#archive.keep(this.#watch.current())
    const { revision } = this.#watch.current().rules.snapshot
    const change = { what: 'rules', from: null, to: revision, ok: true, problems: 0, by: 'start' } as const
    this.#audit.spool.appendSoon(configEvent({ newId: this.#newId, clock }, change))
    const { proxy, socks, transparent, admin } = this.#addresses
    const listed = [...proxy, ...socks, ...transparent].map(({ host, port }) => formatAuthority(host, port))
    this.#parts.log.info({ proxy: listed, admin }, 'app.listening')
  }

  #onSwap(state: LoadedState): void {
    this.#archive.keep(state)
    this.#audit.setSinks(state.config.audit.sinks)
    this.#showSinks(state.config.audit.sinks.map(({ name }) => name))
  }

  #onReload(report: ReloadReport): void {
    this.#inspection.pool.refresh()
    const { problems, ...change } = report
    this.#audit.spool.appendSoon(configEvent({ newId: this.#newId, clock }, { ...change, problems: problems.length }))
    const log = report.ok ? this.#parts.log.info : this.#parts.log.error
    log(
      { what: report.what, from: report.from, to: report.to, problems },
      report.ok ? 'config.reloaded' : 'config.refused',
    )
  }

  #addGauges(): void {
    this.#metrics.gauge('weir_connections', () => this.#listener.connectionCount())
    this.#metrics.gauge('weir_inspecting_bytes', () => this.#listener.inspectingBytes())
    this.#metrics.gauge('weir_audit_spooled_bytes', () => this.#audit.spool.health().spooledBytes)
    this.#metrics.gauge('weir_audit_writable', () => (this.#audit.spool.health().ok ? 1 : 0))
    this.#showSinks(this.config.audit.sinks.map(({ name }) => name))
    this.#metrics.gauge('weir_audit_lost_records', () => this.#audit.spool.lost())
  }
}
