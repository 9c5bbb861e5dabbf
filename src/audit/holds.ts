/**
 * Legal holds: what must be kept whatever retention and erasure say. A small file of its own, written whole and synced;
 * it names no person: a subject stands in it as the id of his entry in the key store.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from './whole-file.ts'

export interface Hold {
  readonly id: string
  readonly reason: string
  readonly by: string
  /** RFC 3339. */
  readonly at: string
  /** RFC 3339; `null`: from the beginning. */
  readonly since: string | null
  /** RFC 3339, not included; `null`: for ever. */
  readonly until: string | null
  /** Whose records alone; `null`: everybody's. `who` is the pseudonym at that time, if he had one and it may be shown. */
  readonly subject: { readonly id: string; readonly who: string | null } | null
}

/** Holds that can be in force at once. */
export const MAX_HOLDS = 1000

export const holdsFile = (data: string): string => join(data, 'holds.json')

/** All holds in force. Throws when the file is there and cannot be read: nothing may be removed then. */
export function readHolds(data: string): readonly Hold[] {
  const file = holdsFile(data)
  if (!existsSync(file)) return []
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const { v, holds } = parsed as { readonly v?: unknown; readonly holds?: unknown }
  if (v !== 1 || !Array.isArray(holds))
    throw new Error(`audit: \`${file}\` holds no legal holds: restore it from backup`)
  return holds as readonly Hold[]
}

/** Add one, durably. Throws when it cannot be written, or there are too many. */
export function addHold(data: string, hold: Omit<Hold, 'id'>): Hold {
  const holds = readHolds(data)
  if (holds.length >= MAX_HOLDS) throw new Error(`audit: there are ${MAX_HOLDS} legal holds: release some`)
  const added = { id: `hold_${randomBytes(6).toString('hex')}`, ...hold }
  writeHolds(data, [...holds, added])
  return added
}

/** Release one, durably; `null`: there is none. Throws when it cannot be written. */
export function releaseHold(data: string, id: string): Hold | null {
  const holds = readHolds(data)
  const released = holds.find((hold) => hold.id === id)
  if (released === undefined) return null
  writeHolds(
    data,
    holds.filter((hold) => hold !== released),
  )
  return released
}

/** Times in milliseconds, both included. Does the hold reach into them? */
export function reaches({ since, until }: Hold, fromMs: number, toMs: number): boolean {
  return (since === null || Date.parse(since) <= toMs) && (until === null || Date.parse(until) > fromMs)
}

const writeHolds = (data: string, holds: readonly Hold[]): void =>
  replaceFile(holdsFile(data), `${JSON.stringify({ v: 1, holds })}\n`)
