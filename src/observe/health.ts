/** Readiness: named checks composed into one answer. A check that throws counts as failed; liveness asks nothing. */

/** The parts that must work before traffic is sent here (contracts section 9). */
export const READINESS_CHECKS = ['spool', 'store', 'tree', 'ca', 'rules'] as const
export type ReadinessCheck = (typeof READINESS_CHECKS)[number]

export type ReadinessResult = Readonly<Record<ReadinessCheck, boolean>>

export interface Readiness {
  readonly checks: () => ReadinessResult
  /** All checks hold and nobody asked to drain. */
  readonly isReady: () => boolean
  readonly isDraining: () => boolean
  /** What is wrong without making it unready, by check. */
  readonly details: () => Readonly<Partial<Record<ReadinessCheck, string>>>
  /** From now on not ready, so that a balancer sends no more while running flows end. */
  readonly drain: () => void
}

/** Compose readiness. Each check answers from memory: it is called on every probe and must not wait or do I/O. */
export function createReadiness(
  checks: Readonly<Record<ReadinessCheck, () => boolean>>,
  details: Readiness['details'] = () => ({}),
): Readiness {
  let isDraining = false
  const run = (name: ReadinessCheck): boolean => {
    try {
      return checks[name]()
    } catch {
      return false
    }
  }
  const runAll = (): ReadinessResult => ({
    spool: run('spool'),
    store: run('store'),
    tree: run('tree'),
    ca: run('ca'),
    rules: run('rules'),
  })
  return {
    checks: runAll,
    isReady: () => !isDraining && Object.values(runAll()).every(Boolean),
    isDraining: () => isDraining,
    details,
    drain: () => {
      isDraining = true
    },
  }
}
