/** The door of detection and redaction: what flows know of this folder. Pure but for the clock it is given. */

import type { TextParts } from '../dialects/dialect.ts'
import type { Finding, Inspection, Severity } from '../domain/finding.ts'
import type { DialectId } from '../domain/tool.ts'
import type { DetectorSet } from './engine.ts'
import { inspectBody } from './inspect-body.ts'
import type { PlaceholderConfig } from './placeholder.ts'
import { redactBody } from './redact.ts'

/** Longer than this, and the body counts as unread. */
const BUDGET_MS = 2000

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
}

/** A held, decoded body. */
interface HeldBody {
  readonly body: Uint8Array
  readonly contentType: string | null
  readonly dialect: DialectId
}

/** Implements `InspectPort`. */
export interface Inspector {
  /** Never throws; what could not be read is said in `unread`. */
  readonly inspect: (request: HeldBody) => Inspection
  readonly redact: (
    request: HeldBody & { readonly findings: readonly Finding[]; readonly severities: readonly Severity[] },
  ) => Uint8Array
}

export function createInspector(options: InspectorOptions): Inspector {
  const placeholders = { prefix: options.placeholderPrefix, key: options.placeholderKey }
  return {
    inspect: (request) => {
      try {
        return inspectHeld(options, placeholders, request)
      } catch {
        return { findings: [], unread: 'detector-fault', model: null } // told: the tier says what happens then
      }
    },
    redact: (request) => redactBody(request.body, request, placeholders),
  }
}

function inspectHeld(options: InspectorOptions, placeholders: PlaceholderConfig, request: HeldBody): Inspection {
  const text = options.textPartsOf(request.dialect, request.body, request.contentType)
  if (!text.ok) return { findings: [], unread: text.unread, model: null }
  const now = options.nowMs ?? ((): number => 0)
  const startedAt = now()
  const isOver = (): boolean => now() - startedAt > BUDGET_MS
  const { depth } = options
  const result = inspectBody(request.body, text.parts, { detectors: options.detectors(), placeholders, depth, isOver })
  const unread = result.hasFault ? 'detector-fault' : result.isCutShort ? 'timeout' : null
  return { findings: result.findings, unread, model: modelToTell(text.model, result.findings) }
}

/** Longer than any provider's. */
const MAX_MODEL_LENGTH = 200

/** The model stands in events, and whoever sends a request may write there what he wants: no secret and no book. */
function modelToTell(model: string | null, findings: readonly Finding[]): string | null {
  if (model === null || model.length > MAX_MODEL_LENGTH) return null
  return findings.some(({ field }) => field === 'model') ? null : model
}
