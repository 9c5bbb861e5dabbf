/** Finds the sealed texts of an exchange again, checks them against its event, and removes those of old days. */
import { hash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { SealedPart } from '../../domain/audit-event.ts'
import type { SealedContent } from './seal-content.ts'
import { type SealedLine, sealedFile, sealedFolder } from './sealed-file.ts'

/** A text as it was found; `digest` is to be that of the event. */
export interface FoundSealed {
  readonly line: SealedLine
  readonly digest: string
}

const DAY_MS = 86_400_000

/** The sealed lines of a flow whose outcome has this time. A text is sealed on the day of the outcome, or just before. */
export async function findSealed(dir: string, flow: string, timeMs: number, startMs = timeMs): Promise<FoundSealed[]> {
  const found: FoundSealed[] = []
  const first = Math.floor(startMs / DAY_MS)
  for (let day = first; day <= Math.floor(timeMs / DAY_MS) + 1; day++) {
    const file = sealedFile(dir, new Date(day * DAY_MS).toISOString().slice(0, 10))
    if (existsSync(file)) found.push(...(await linesOf(file, flow)))
  }
  return found
}

async function linesOf(file: string, flow: string): Promise<FoundSealed[]> {
  const found: FoundSealed[] = []
  const sign = `"flow":${JSON.stringify(flow)}`
  for await (const text of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) {
    const line = text.includes(sign) ? parseLine(text) : null
    if (line?.flow === flow) found.push({ line, digest: hash('sha256', text, 'hex') })
  }
  return found
}

function parseLine(text: string): SealedLine | null {
  try {
    return JSON.parse(text) as SealedLine
  } catch {
    return null // what a killed process left half written
  }
}

/** The found texts that the event vouches for; the others were changed or put in. */
export const vouchedFor = (found: readonly FoundSealed[], parts: readonly SealedPart[]): readonly FoundSealed[] =>
  found.filter(({ line, digest }) => parts.some((part) => part.part === line.part && part.digest === digest))

/** What lies under the person's lock, read again. Throws for text that is none. */
export function readContent(text: string): SealedContent {
  const content = JSON.parse(text) as SealedContent | null
  if (content?.v !== 1 || !Array.isArray(content.shares)) throw new Error('is no sealed text')
  return content
}

/** Whole days before a time of which there are sealed texts, oldest first: `2026-11-23`. */
export function sealedDaysBefore(dir: string, beforeMs: number): string[] {
  const folder = sealedFolder(dir)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .flatMap((name) => /^(\d{4}-\d{2}-\d{2})\.jsonl$/u.exec(name)?.[1] ?? [])
    .filter((day) => Date.parse(day) + DAY_MS <= beforeMs)
    .sort()
}

/** Remove the sealed texts of these days. */
export function removeSealedDays(dir: string, days: readonly string[]): void {
  for (const day of days) rmSync(sealedFile(dir, day), { force: true })
}
