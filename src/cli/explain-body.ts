/** What a request body given to `weir explain` tells: the same reading as in the proxy, with throw-away placeholders. */
import { randomBytes } from 'node:crypto'
import type { LoadedState } from '../config/state.ts'
import { dialectById } from '../dialects/registry.ts'
import type { BodyFacts } from '../domain/decision.ts'
import { DIALECTS, type RequestHead } from '../domain/tool.ts'
import { readBodyFacts } from '../flow/act.ts'
import { createInspector } from '../inspect/inspector.ts'

interface GivenBody {
  /** The explanation of the head; its dialect says how the body is read. */
  readonly explanation: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Decode and inspect a body. JSON is assumed where no content type says otherwise. */
export async function bodyFactsOf(state: LoadedState, { explanation, headers, body }: GivenBody): Promise<BodyFacts> {
  const { inspect: settings, limits } = state.config
  const inspector = createInspector({
    detectors: () => state.rules.detectors,
    textPartsOf: (id, bytes, contentType) => dialectById(id).textParts(bytes, contentType),
    placeholderPrefix: settings.placeholder,
    placeholderKey: randomBytes(32),
    depth: settings.depth,
  })
  const dialect = DIALECTS.find((id) => id === explanation['dialect']) ?? 'generic'
  const head: RequestHead = {
    method: 'POST',
    scheme: 'https',
    host: 'explained.invalid',
    port: 443,
    path: '/',
    headers: Object.entries({ 'content-type': 'application/json', ...headers }).flat(),
    isUpgrade: false,
  }
  const ports = {
    inspect: inspector,
    limits: { maxBytes: limits.inspectingBytes, maxRatio: limits.decodedRatio },
  }
  const reading = await readBodyFacts(ports, head, dialect, { bytes: body, cut: null })
  return {
    model: reading.model,
    findings: reading.counts,
    hasUneditableFinding: reading.uneditable.length > 0,
    unread: reading.unread,
  }
}
