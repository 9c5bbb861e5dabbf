/** The door of detection and redaction: what flows know of this folder. Pure but for the clock it is given. */

import type { TextParts } from '../dialects/dialect.ts'
import type { Finding, Findings, Inspection, Severity } from '../domain/finding.ts'
import type { DialectId } from '../domain/tool.ts'
import { allAtOnce, type StepwiseWork } from '../domain/work-turns.ts'
import type { DetectorSet } from './engine.ts'
import { inspectBody } from './inspect-body.ts'
import { type KnownValues, knownValues, NO_KNOWN_VALUES } from './known-values.ts'
import type { Memo } from './memo.ts'
import type { BlockPlace } from './part-places.ts'
import type { PlaceholderConfig } from './placeholder.ts'
import { redacting, type TakeValue } from './redact.ts'
import { HISTORY_PLACEHOLDERS, type KeptValue, type Vault } from './vault.ts'

/** Longer than this, and the body counts as unread. */
export const BUDGET_MS = 2000

export interface InspectorOptions {
  /** The detectors in force; asked once per body. */
  readonly detectors: () => DetectorSet
  readonly textPartsOf: (dialect: DialectId, body: Uint8Array, contentType: string | null) => TextParts
  readonly placeholderPrefix: string
  readonly placeholderKey: Uint8Array
  /** How deep JSON inside JSON strings is looked into. */
  readonly depth: number
  /** Monotonic milliseconds. Without it there is no time limit. */
  readonly nowMs?: () => number
  /** Default `BUDGET_MS`. */
  readonly budgetMs?: number
  /** Where values are kept that may be put back. Absent: redaction is one-way. */
  readonly vault?: Pick<Vault, 'keep' | 'valuesOf'>
  /** Remembers what was read. Absent: every body is read whole. */
  readonly memo?: Memo<BlockPlace>
}

/** A held, decoded body. */
interface HeldBody {
  readonly body: Uint8Array
  readonly contentType: string | null
  readonly dialect: DialectId
}

interface Look extends HeldBody {
  /** An edit may follow, for this client (`vaultKey`): what is known of him is found wherever it stands. */
  readonly editFor?: string
  /** Default: that of the options. */
  readonly budgetMs?: number
}

interface Edit extends HeldBody {
  readonly findings: Findings
  readonly severities: readonly Severity[]
  /** Also where nothing may be edited. */
  readonly isAnywhere?: boolean
  /** Keep what is replaced, so that it can be put back for this client. */
  readonly keepFor?: string
}

/** Implements `InspectPort`. */
export interface Inspector {
  /** Never throws; what could not be read is said in `unread`. Makes no placeholders. */
  readonly inspect: (request: Look) => Inspection
  readonly redact: (request: Edit) => Edited
  /** The same in steps. */
  readonly redacting: (request: Edit) => StepwiseWork<Edited>
}

interface Edited {
  readonly body: Uint8Array
  /** One more than a history may have, at most: of more nothing is remembered. */
  readonly placeholders: readonly string[]
}

export function createInspector(options: InspectorOptions): Inspector {
  const placeholders: PlaceholderConfig = { prefix: options.placeholderPrefix, key: options.placeholderKey }
  const known = createKnown(options.vault)
  function* edit(request: Edit): StepwiseWork<Edited> {
    const { keepFor } = request
    const written = new Set<string>()
    const take: TakeValue = (placeholder, kept) => {
      if (written.size <= HISTORY_PLACEHOLDERS) written.add(placeholder)
      if (keepFor !== undefined) options.vault?.keep(keepFor, placeholder, kept)
    }
    const body = yield* redacting(request.body, request, { placeholders, take })
    return { body, placeholders: [...written] }
  }
  return {
    inspect: (request) => {
      try {
        return inspectHeld(options, known, request)
      } catch {
        return { findings: [], unread: 'detector-fault', model: null } // told: the tier says what happens then
      }
    },
    redact: (request) => allAtOnce(edit(request)),
    redacting: edit,
  }
}

/** What is known of a client, made ready to be looked for once per change of it. */
function createKnown(vault: InspectorOptions['vault']): (client: string) => KnownValues {
  const ready = new WeakMap<ReadonlyMap<string, KeptValue>, KnownValues>()
  return (client) => {
    const all = vault?.valuesOf(client)
    if (all === undefined || all.size === 0) return NO_KNOWN_VALUES
    const known = ready.get(all) ?? knownValues(all.values())
    ready.set(all, known)
    return known
  }
}

function inspectHeld(options: InspectorOptions, known: (client: string) => KnownValues, request: Look): Inspection {
  const now = options.nowMs ?? ((): number => 0)
  const startedAt = now()
  const text = options.textPartsOf(request.dialect, request.body, request.contentType)
  if (!text.ok) return { findings: [], unread: text.unread, model: null }
  const { depth } = options
  const budgetMs = request.budgetMs ?? options.budgetMs ?? BUDGET_MS
  const isOver = (): boolean => now() - startedAt > budgetMs
  const result = inspectBody(request.body, [...text.parts, ...(text.media ?? [])], {
    detectors: options.detectors(),
    placeholders: { prefix: options.placeholderPrefix },
    depth,
    isOver,
    ...(options.memo === undefined ? {} : { memo: options.memo }),
    ...(request.editFor === undefined ? {} : { known: known(request.editFor) }),
  })
  const unread = result.hasFault ? 'detector-fault' : result.isCutShort ? 'timeout' : null
  return {
    findings: result.findings,
    unread,
    model: modelToTell(text.model, result.findings),
    ...(text.histories === undefined ? {} : { histories: text.histories }),
  }
}

/** Longer than any provider's. */
const MAX_MODEL_LENGTH = 200

/** The model stands in events, and whoever sends a request may write there what he wants: no secret and no book. */
function modelToTell(model: string | null, findings: readonly Finding[]): string | null {
  if (model === null || model.length > MAX_MODEL_LENGTH) return null
  return findings.some(({ field }) => /(?:^|\.)model$/u.test(field)) ? null : model
}
