/** What a scanning thread does: compiles the rules it is given, reads bodies, remembers what it read. */
import { randomBytes } from 'node:crypto'
import { newestPart } from '../dialects/newest-part.ts'
import { dialectById } from '../dialects/registry.ts'
import { NO_TEXT } from '../dialects/restore-points.ts'
import type { RestoredLarge } from '../flow/ports.ts'
import { compileDetectors } from '../inspect/compile-detectors.ts'
import { type DetectorSet, makeDetectorSet } from '../inspect/engine.ts'
import { createInspector } from '../inspect/inspector.ts'
import { createMemo, createPartsMemory } from '../inspect/memo.ts'
import { restoreWhole } from '../inspect/restore-event.ts'
import type { KeptValue } from '../inspect/vault.ts'
import type { FromThread, KnownMessage, RestoreMessage, RuleSources, ThreadSettings, ToThread } from './messages.ts'
import { unpackValues } from './packed-values.ts'

/** Clients whose known values stay ready. */
const KNOWN_CLIENTS = 64

/** Answers one message. Throws when rules do not compile that compiled elsewhere: the thread must not go on. */
export function createThreadReader({ prefix, depth, budgetMs }: ThreadSettings): (message: ToThread) => FromThread {
  let detectors = makeDetectorSet([])
  const known = new Map<string, ReadonlyMap<string, KeptValue>>()
  const partsMemory = createPartsMemory(randomBytes(32))
  const inspector = createInspector({
    detectors: () => detectors,
    textPartsOf: (dialect, body, contentType) => dialectById(dialect).textParts(body, contentType, partsMemory),
    placeholderPrefix: prefix,
    placeholderKey: new Uint8Array(32), // threads look and make no placeholders
    depth,
    nowMs: () => performance.now(),
    budgetMs,
    vault: { valuesOf: (id) => known.get(id) ?? new Map<string, KeptValue>(), keep: () => false },
    memo: createMemo(randomBytes(32)),
  })
  return (message) => {
    if (message.kind === 'rules') {
      detectors = compile(message.sources)
      return { kind: 'ready', rules: message.rules }
    }
    if (message.kind === 'newest') return { kind: 'newest', newest: newestPart(message.dialect, message.body) }
    if (message.kind === 'restore') return { kind: 'restored', restored: restoredLarge(prefix, message) }
    const { body, contentType, dialect } = message
    if (message.known !== null) keepKnown(known, message.known)
    const editFor = message.known === null ? {} : { editFor: message.known.id }
    return { kind: 'found', inspection: inspector.inspect({ body, contentType, dialect, ...editFor }) }
  }
}

function restoredLarge(prefix: string, { body, dialect, placeholders, values }: RestoreMessage): RestoredLarge {
  const byPlaceholder = new Map(placeholders.map((placeholder, index) => [placeholder, values[index] ?? null]))
  const { restorePoints } = dialectById(dialect)
  const told: { restored: number; misses: number; history: string | null } = { restored: 0, misses: 0, history: null }
  const edited = restoreWhole(Buffer.from(body.buffer, body.byteOffset, body.length), {
    pointsOf: restorePoints ?? (() => NO_TEXT),
    historySigns: [],
    onHistory: (id) => {
      told.history = id
    },
    book: {
      prefix,
      valueOf: (placeholder) => byPlaceholder.get(placeholder) ?? null,
      onRestored: () => {
        told.restored += 1
      },
      onMiss: () => {
        told.misses += 1
      },
    },
  })
  return { ...told, body: edited === null ? null : new Uint8Array(edited) }
}

/** The same object for the same id, so that what was read with it is remembered. */
function keepKnown(known: Map<string, ReadonlyMap<string, KeptValue>>, { id, values }: KnownMessage): void {
  const told = values === null ? [] : unpackValues(values)
  const all = known.get(id) ?? new Map(told.map((kept, index) => [String(index), kept]))
  known.delete(id)
  known.set(id, all)
  for (const oldest of known.keys()) {
    if (known.size <= KNOWN_CLIENTS) break
    known.delete(oldest)
  }
}

function compile({ documents, tables }: RuleSources): DetectorSet {
  const sources = documents.map((source) => ({ ...source, lineOf: (): null => null }))
  const compiled = compileDetectors(sources, { tables })
  if (!compiled.ok) throw new Error('rules that compiled before do not compile in a thread')
  return compiled.detectors
}
