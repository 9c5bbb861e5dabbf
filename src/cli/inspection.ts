/** Opens what reads bodies and what it remembers: the inspector with its threads, the vault, the marks of blocked values. */
import { randomBytes } from 'node:crypto'
import type { WeirConfig } from '../config/schema.ts'
import type { LoadedState } from '../config/state.ts'
import { dialectById } from '../dialects/registry.ts'
import type { FlowPorts, Logger } from '../flow/ports.ts'
import { createBlockedValues } from '../inspect/blocked-values.ts'
import { createMarkOf, type MarkOf } from '../inspect/finding-marks.ts'
import { BUDGET_MS, createInspector } from '../inspect/inspector.ts'
import { createMemo, createPartsMemory } from '../inspect/memo.ts'
import { createVault } from '../inspect/vault.ts'
import { createLoopTurns } from '../scan-pool/loop-turns.ts'
import { ruleSourcesOf } from '../scan-pool/rule-sources.ts'
import { createScanPool, type ScanPool } from '../scan-pool/scan-pool.ts'
import type { Opened } from './opened.ts'

export interface Inspection {
  readonly pool: ScanPool
  readonly markOf: MarkOf
  readonly ports: Pick<FlowPorts, 'turns' | 'restore' | 'recovery'>
}

export interface InspectionOptions {
  readonly config: Pick<WeirConfig, 'inspect'>
  /** Key of placeholders and marks. */
  readonly key: Uint8Array
  /** Asked for every body. */
  readonly rules: () => Pick<LoadedState['rules'], 'detectors' | 'made'>
  readonly clock: { readonly nowMs: () => number; readonly tickMs: () => number }
  readonly log: Logger
}

export function openInspection({ config, key, rules, clock, log }: InspectionOptions, opened: Opened[]): Inspection {
  const { placeholder: prefix, depth, workers } = config.inspect
  const vault = createVault()
  // All work on large bodies shares them.
  const turns = createLoopTurns()
  const partsMemory = createPartsMemory(randomBytes(32))
  const inspector = createInspector({
    detectors: () => rules().detectors,
    textPartsOf: (dialect, body, contentType) => dialectById(dialect).textParts(body, contentType, partsMemory),
    placeholderPrefix: prefix,
    placeholderKey: key,
    depth,
    nowMs: clock.tickMs,
    vault,
    memo: createMemo(randomBytes(32)),
  })
  const pool = createScanPool({
    inspector,
    threads: workers,
    settings: { prefix, depth, budgetMs: BUDGET_MS },
    rules: () => {
      const { detectors, made } = rules()
      return { identity: detectors, sources: () => ruleSourcesOf(made.files) }
    },
    valuesOf: vault.valuesOf,
    turns,
    log,
  })
  opened.push(pool)
  const markOf = createMarkOf({ prefix, key })
  const blocked = createBlockedValues({ nowMs: clock.nowMs })
  return {
    pool,
    markOf,
    ports: {
      turns,
      restore: { vault, prefix, restoreLarge: pool.restoreLarge },
      recovery: { markOf, blocked, newestOf: pool.newestOf },
    },
  }
}
