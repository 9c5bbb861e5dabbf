/** The only place where the parts are joined: state → audit → CA → upstream → edge → admin port. Nothing here decides. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import { createIdSource } from './audit/event-id.ts'
import { createSpool, type Spool } from './audit/spool.ts'
import { type EventStore, openEventStore } from './audit/store.ts'
import { type Authority, openAuthority } from './ca/authority.ts'
import type { ConfigFlags } from './config/load.ts'
import type { WeirConfig } from './config/schema.ts'
import { type LoadedState, loadState, type StateOptions } from './config/state.ts'
import { type ReloadCause, type ReloadReport, type StateWatch, watchState } from './config/watch.ts'
import type { ControlPorts } from './control/ports.ts'
import { type ControlServer, createControlServer } from './control/server.ts'
import { type AdminToken, loadOrCreateAdminToken } from './control/token.ts'
import { dialectById, recogniseDialect } from './dialects/registry.ts'
import type { Problem } from './domain/settings.ts'
import { createProxyListener, type ProxyListener } from './edge/listener.ts'
import type { Clock, FlowPorts } from './flow/ports.ts'
import { adminEvent, configEvent } from './flow/record.ts'
import { createRefusalFolder } from './flow/tunnel.ts'
import { compileNetworkMap } from './identity/network-map.ts'
import { createInspector } from './inspect/inspector.ts'
import { createReadiness, type Readiness } from './observe/health.ts'
import { createLogger, type LogDestination, type OperationalLog } from './observe/log.ts'
import { createMetrics, type MetricsRegistry } from './observe/metrics.ts'
import { explain } from './policy/explain.ts'
import { loadOrCreateKey } from './state/key-file.ts'
import { createAddressGuard } from './upstream/address-guard.ts'
import { createDialer, type Dialer } from './upstream/dial.ts'
import { createForwarder, type Forwarder } from './upstream/forward.ts'
import { createPassThrough, type PassThrough } from './upstream/pass-through.ts'

export interface AppOptions {
  readonly flags: ConfigFlags
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Where the operational log goes; standard output when left out. */
  readonly log?: LogDestination
}

/** `kind` tells which exit code a command gives: what was checked is bad, or something cannot be read or bound. */
export interface AppFailure {
  readonly ok: false
  readonly kind: 'bad' | 'unreachable'
  readonly problems: readonly Problem[]
}

export interface AppAddresses {
  readonly proxy: readonly { readonly host: string; readonly port: number }[]
  /** `host:port`. */
  readonly admin: string
}

export type StartResult = { readonly ok: true; readonly addresses: AppAddresses } | AppFailure

/** Name of this process's event stream; part 2's workers get one each. */
const STREAM = 'n1-w0'

const clock: Clock = {
  nowMs: () => Date.now(),
  nowIso: () => new Date().toISOString(),
  tickMs: () => performance.now(),
}

/** Load and open everything that can fail before a port is taken. On failure nothing is left open. */
export async function createApp(options: AppOptions): Promise<{ readonly ok: true; readonly app: App } | AppFailure> {
  const { flags, env, cwd } = options
  const load: StateOptions = { flags, env, cwd, compileIdentity: compileNetworkMap, nowMs: clock.nowMs }
  const loaded = await loadState(load)
  if (!loaded.ok) return { ok: false, kind: 'bad', problems: loaded.problems }
  const { state } = loaded
  const opened = await openAuthority({ ...state.config.certs, nowMs: clock.nowMs })
  if (!opened.ok) return { ok: false, kind: 'bad', problems: opened.problems }
  const token = await loadOrCreateAdminToken(join(state.config.data.dir, 'admin.token'))
  if (!token.ok) return unreachable(token.path, token.problem)
  const { level } = state.config.log
  const log = createLogger({ level, ...(options.log === undefined ? {} : { destination: options.log }) })
  const warnings = [...loaded.problems, ...opened.warnings]
  try {
    return { ok: true, app: new App({ load, state, log, warnings, authority: opened.authority, token: token.token }) }
  } catch (error) {
    return unreachable(state.config.data.dir, error instanceof Error ? error.message : String(error))
  }
}

const unreachable = (file: string, message: string): AppFailure => ({
  ok: false,
  kind: 'unreachable',
  problems: [{ file, line: null, path: '', message, severity: 'error' }],
})

interface AppParts {
  readonly load: StateOptions
  readonly state: LoadedState
  readonly log: OperationalLog
  readonly warnings: readonly Problem[]
  readonly authority: Authority
  readonly token: AdminToken
}

export class App {
  readonly config: WeirConfig
  readonly warnings: readonly Problem[]
  readonly authority: Authority
  readonly #parts: AppParts
  readonly #metrics: MetricsRegistry
  readonly #newId: () => string
  readonly #spool: Spool
  readonly #store: EventStore
  readonly #watch: StateWatch
  readonly #dialer: Dialer
  readonly #forwarder: Forwarder
  readonly #passThrough: PassThrough
  readonly #readiness: Readiness
  readonly #listener: ProxyListener
  readonly #control: ControlServer
  readonly #ownPorts: number[] = []
  #addresses: AppAddresses = { proxy: [], admin: '' }

  constructor(parts: AppParts) {
    const { config } = parts.state
    this.#parts = parts
    this.config = config
    this.warnings = parts.warnings
    this.authority = parts.authority
    this.#metrics = createMetrics()
    this.#newId = createIdSource()
    const placeholderKey = loadOrCreateKey(config.inspect.keyFile)
    const secureContext = proxyTls(config)
    const auditDir = join(config.data.dir, 'audit')
    this.#store = openEventStore({
      dir: auditDir,
      file: join(config.data.dir, 'store.sqlite'),
      retentionDays: config.audit.retentionDays,
      log: parts.log,
    })
    this.#spool = createSpool({
      dir: auditDir,
      stream: STREAM,
      segmentBytes: config.audit.segmentBytes,
      log: parts.log,
      onCommit: () => this.#store.notify(),
    })
    this.#watch = watchState({
      initial: parts.state,
      load: parts.load,
      onReport: (report) => this.#onReload(report),
      onWatchError: (folder, error) => parts.log.warn({ folder, err: error }, 'config.watch-failed'),
    })
    this.#dialer = createDialer({
      guard: createAddressGuard({ allowPrivate: config.upstream.allowPrivate, ownPorts: () => this.#ownPorts }),
      pins: config.upstream.resolve,
      extraRoots: config.upstream.extraRoots.map((file) => readFileSync(file, 'utf8')),
      connectMs: config.timeouts.connectMs,
      handshakeMs: config.timeouts.handshakeMs,
    })
    const { dialer, timeouts } = { dialer: this.#dialer, timeouts: config.timeouts }
    this.#forwarder = createForwarder({ dialer, timeouts, maxHeaderBytes: config.proxy.maxHeaderBytes })
    this.#passThrough = createPassThrough({
      dialer,
      firstByteMs: timeouts.firstByteMs,
      tunnelIdleMs: timeouts.tunnelIdleMs,
    })
    this.#readiness = createReadiness({
      spool: () => this.#spool.health().ok,
      store: () => this.#store.health().ok,
      ca: () => this.authority.ready().ok,
      rules: () => true,
    })
    this.#listener = this.#createListener(placeholderKey, secureContext)
    this.#control = createControlServer(this.#controlPorts(), {
      listen: config.admin.listen,
      tls: adminTls(config),
      networks: config.admin.networks,
      publicUrl: config.admin.publicUrl,
      tokens: [parts.token],
    })
    this.#addGauges()
  }

  /** Listen on every address, or on none. */
  async start(): Promise<StartResult> {
    const proxy: { host: string; port: number }[] = []
    for (const listen of this.config.proxy.listen) {
      const { host, port } = splitListen(listen)
      try {
        proxy.push(await this.#listener.listen(host, port))
      } catch (error) {
        await this.stop()
        return unreachable(listen, `the proxy cannot listen here: ${listenProblem(error)}`)
      }
    }
    this.#ownPorts.push(...proxy.map(({ port }) => port))
    try {
      const { address } = await this.#control.start()
      this.#ownPorts.push(splitListen(address).port)
      this.#addresses = { proxy, admin: address }
    } catch (error) {
      await this.stop()
      return unreachable(this.config.admin.listen, `the admin port cannot listen here: ${listenProblem(error)}`)
    }
    this.#recordStart()
    return { ok: true, addresses: this.#addresses }
  }

  async reload(by: ReloadCause): Promise<void> {
    await this.#watch.reload(by)
    const result = await this.authority.reload()
    if (!result.ok) this.#parts.log.error({ problems: result.problems }, 'ca.reload-refused')
  }

  /** Refuse new work, finish what runs, write every event, close everything. */
  async stop(): Promise<void> {
    this.#readiness.drain()
    this.#watch.close()
    await this.#listener.drain(this.config.timeouts.drainMs)
    await this.#control.stop()
    this.#passThrough.close()
    await this.#forwarder.close()
    await this.#spool.close()
    await this.#store.close()
    await this.#metrics.stop()
  }

  #createListener(placeholderKey: Uint8Array, tls: SecureContext | null): ProxyListener {
    const { config } = this
    const flow: FlowPorts = {
      snapshots: { current: () => this.#watch.current().rules.snapshot },
      audit: this.#spool,
      inspect: this.#createInspector(placeholderKey),
      clock,
      newId: this.#newId,
      limits: config.limits,
      metrics: this.#metrics,
      log: this.#parts.log,
    }
    return createProxyListener(
      {
        flow,
        identity: { identify: (address) => this.#watch.current().identity.identify(address) },
        upstream: this.#forwarder,
        passThrough: this.#passThrough,
        dialer: this.#dialer,
        certificates: this.authority,
        refusals: createRefusalFolder(clock.tickMs),
      },
      {
        timeouts: config.timeouts,
        limits: config.limits,
        headers: config.proxy,
        networks: config.proxy.networks,
        tls,
      },
    )
  }

  #createInspector(placeholderKey: Uint8Array): FlowPorts['inspect'] {
    const { inspect } = this.config
    return createInspector({
      detectors: () => this.#watch.current().rules.detectors,
      textPartsOf: (dialect, body, contentType) => dialectById(dialect).textParts(body, contentType),
      placeholderPrefix: inspect.placeholder,
      placeholderKey,
      depth: inspect.depth,
      nowMs: clock.tickMs,
    })
  }

  #controlPorts(): ControlPorts {
    const rules = (): LoadedState['rules'] => this.#watch.current().rules
    return {
      events: this.#store,
      policy: {
        current: () => rules().snapshot,
        source: () => rules().policyText,
        problems: () => this.#watch.problems(),
        counts: () => rules().counts,
        explain: (input) =>
          explain(rules().snapshot, input, {
            nowMs: clock.nowMs(),
            recogniseDialect,
            clientAt: (address) => this.#watch.current().identity.identify(address),
          }),
      },
      readiness: this.#readiness,
      metrics: this.#metrics,
      ca: { rootPem: () => this.authority.rootPem() },
      audit: {
        record: (deed) => this.#spool.appendSoon(adminEvent({ newId: this.#newId, clock }, deed)),
      },
      proxyAddress: () => {
        const [first] = this.#addresses.proxy
        return first === undefined ? '' : `${first.host}:${first.port}`
      },
      pacHosts: () => rules().pacHosts,
    }
  }

  #recordStart(): void {
    const { revision } = this.#watch.current().rules.snapshot
    const change = { what: 'rules', from: null, to: revision, ok: true, problems: 0, by: 'start' } as const
    this.#spool.appendSoon(configEvent({ newId: this.#newId, clock }, change))
  }

  #onReload(report: ReloadReport): void {
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
  }
}

function splitListen(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(':')
  return { host: listen.slice(0, colon).replace(/^\[|\]$/gu, ''), port: Number(listen.slice(colon + 1)) }
}

const LISTEN_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken: stop what uses it or choose another with `--listen` or `--admin`',
  EACCES: 'this port needs more rights: choose one above 1023',
  EADDRNOTAVAIL: 'this machine has no such address',
}

function listenProblem(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return LISTEN_PROBLEMS[code ?? ''] ?? (error instanceof Error ? error.message : String(error))
}

interface TlsFiles {
  readonly chain: string
  readonly key: string
  readonly passphraseFile: string | null
}

const passphraseOf = ({ passphraseFile }: TlsFiles): { passphrase?: string } =>
  passphraseFile === null ? {} : { passphrase: readFileSync(passphraseFile, 'utf8').replace(/\r?\n$/u, '') }

function proxyTls({ proxy }: WeirConfig): SecureContext | null {
  if (proxy.tls === null) return null
  const { chain, key } = proxy.tls
  return createSecureContext({ cert: readFileSync(chain), key: readFileSync(key), ...passphraseOf(proxy.tls) })
}

function adminTls({ admin }: WeirConfig): { cert: Buffer; key: Buffer; passphrase?: string } | null {
  if (admin.tls === null) return null
  return { cert: readFileSync(admin.tls.chain), key: readFileSync(admin.tls.key), ...passphraseOf(admin.tls) }
}
