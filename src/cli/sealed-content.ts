/** Opens the sealed files and joins them with the keys of persons, for flows that seal and for the admin port that hands out. */
import { join } from 'node:path'
import { findSealed, readContent, vouchedFor } from '../audit/sealed/find-sealed.ts'
import { createSealer, type PersonLock, type SealedLine } from '../audit/sealed/sealed-file.ts'
import type { WeirConfig } from '../config/schema.ts'
import type { ExchangeRecord, SealedPort, SealedTexts } from '../control/ports.ts'
import type { SealedPart } from '../domain/audit-event.ts'
import type { Clock, Logger, SealPort } from '../flow/ports.ts'
import type { SealSettings } from './auditor-keys.ts'
import type { Opened } from './opened.ts'

/** The lock of a person and its key; `null`: he was erased. */
export interface PersonKeys extends PersonLock {
  readonly unlock: (who: string, locked: string) => Promise<string | null>
}

export interface SealedContentParts {
  readonly config: Pick<WeirConfig, 'data'>
  /** `null`: nothing is sealed; what was before can still be handed out. */
  readonly seal: SealSettings | null
  readonly persons: PersonKeys
  readonly clock: Pick<Clock, 'nowIso'>
  readonly log: Logger
}

export interface SealedContentDesk {
  /** Absent: nothing is sealed. */
  readonly port?: SealPort
  readonly sealed: SealedPort
}

/** `opened` gets what must be closed again. Throws when the folder cannot be made. */
export function openSealedContent(parts: SealedContentParts, opened: Opened[]): SealedContentDesk {
  const dir = join(parts.config.data.dir, 'audit')
  const sealed: SealedPort = { open: (exchange) => openTexts(dir, parts.persons, exchange) }
  const { seal } = parts
  if (seal === null) return { sealed }
  const { persons: lock, clock, log } = parts
  const sealer = createSealer({ dir, to: seal, maxBytes: seal.maxBytes, lock, clock, log })
  opened.push(sealer)
  return { port: sealer, sealed }
}

async function openTexts(dir: string, persons: PersonKeys, exchange: ExchangeRecord): Promise<SealedTexts | null> {
  const { flow, time, sealed, timings } = exchange
  if (typeof flow !== 'string' || typeof time !== 'string' || !Array.isArray(sealed)) return null
  const parts = sealed as readonly SealedPart[]
  const startMs = Date.parse(time)
  const { totalMs = 0 } = (timings ?? {}) as { totalMs?: number }
  const found = await findSealed(dir, flow, startMs + totalMs, startMs)
  const own = vouchedFor(found, parts)
  const texts = await Promise.all(own.map(({ line }) => unlocked(persons, line)))
  const written = parts.filter(({ digest }) => digest !== null).length
  const changed = found.length - own.length
  return {
    texts: texts.filter((text) => text !== null),
    changed,
    gone: texts.filter((text) => text === null).length + Math.max(0, written - own.length - changed),
  }
}

async function unlocked(persons: PersonKeys, { who, locked }: SealedLine): Promise<unknown> {
  const text = who === null ? locked : await persons.unlock(who, locked)
  return text === null ? null : readContent(text)
}
