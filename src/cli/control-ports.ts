/** What the admin port sees of the rest: every port of `control/ports.ts` over the parts of one running app. */
import type { EventStore } from '../audit/store.ts'
import type { Authority } from '../ca/authority.ts'
import type { LoadedState } from '../config/state.ts'
import type { StateWatch } from '../config/watch.ts'
import type { ControlPorts } from '../control/ports.ts'
import { seenDialect } from '../discover/seen-dialect.ts'
import type { Problem } from '../domain/settings.ts'
import type { OperationalLog } from '../observe/log.ts'
import type { MetricsRegistry } from '../observe/metrics.ts'
import { explain } from '../policy/explain.ts'
import type { BoundListen } from './listen-all.ts'
import { pacInput } from './pac-rules.ts'

export interface ControlParts {
  readonly feedback: ControlPorts['feedback']
  readonly discover: ControlPorts['discover']
  readonly sealed: ControlPorts['sealed']
  readonly persons: ControlPorts['persons']
  readonly store: Pick<EventStore, 'query' | 'find' | 'lastSeen' | 'facets' | 'histogram'>
  readonly watch: Pick<StateWatch, 'current' | 'problems'>
  /** What was told at the start; shown until the first reload. */
  readonly warnings: readonly Problem[]
  readonly readiness: ControlPorts['readiness']
  readonly metrics: Pick<MetricsRegistry, 'scrape'>
  readonly authority: Pick<Authority, 'rootPem'>
  readonly record: ControlPorts['audit']['record']
  readonly recordFirst: ControlPorts['audit']['recordFirst']
  readonly log: OperationalLog
  /** Addresses the proxy listens on; empty before the start. */
  readonly listens: () => readonly BoundListen[]
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number
}

export function createControlPorts(parts: ControlParts): ControlPorts {
  const { watch } = parts
  const rules = (): LoadedState['rules'] => watch.current().rules
  const untilReload = watch.problems()
  return {
    events: parts.store,
    counts: parts.store,
    feedback: parts.feedback,
    discover: parts.discover,
    sealed: parts.sealed,
    persons: parts.persons,
    policy: {
      current: () => rules().snapshot,
      source: () => rules().policyText,
      problems: () => (watch.problems() === untilReload ? parts.warnings : watch.problems()),
      counts: () => rules().counts,
      explain: (input) =>
        explain(rules().snapshot, input, {
          nowMs: parts.nowMs(),
          recogniseDialect: seenDialect,
          clientAt: (address) => watch.current().identity.identify(address),
        }),
    },
    readiness: parts.readiness,
    metrics: parts.metrics,
    ca: { rootPem: () => parts.authority.rootPem() },
    audit: { record: parts.record, recordFirst: parts.recordFirst },
    log: parts.log,
    pac: (askedHost) => pacInput(watch.current().config, parts.listens(), rules(), askedHost),
  }
}
