/** Finds the sealed texts of an exchange again, checks them against its event, and removes those of old days. */
import { hash } from 'node:crypto'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { SealedPart } from '../../domain/audit-event.ts'
import type { SealedContent } from './seal-content.ts'
import { type SealedLine, sealedFile, sealedFolder } from './sealed-file.ts'

/** A text as it was found; `digest` is to be that of the event. */
export interface FoundSealed {
  readonly line: SealedLine
  readonly digest: string
}

const DAY_MS = 86_400_000
/** Read at once: looking through it takes a fraction of a millisecond, then other work gets its turn. */
const SLICE_BYTES = 1_048_576
/** A longer line is no sealed text: the largest text is 64 MiB, which encryption and base64 make three times as long. */
const MAX_LINE_BYTES = 256 * 1_048_576
/** Of one exchange: whoever can write the files must not fill the memory with them. */
const MAX_FOUND_BYTES = 512 * 1_048_576
const NEWLINE = 10

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

/** The lines of a flow in one file, which is read slice by slice: whoever serves others goes on meanwhile. */
async function linesOf(file: string, flow: string): Promise<FoundSealed[]> {
  const handle = await open(file)
  try {
    const found: FoundSealed[] = []
    let bytes = 0
    for await (const text of linesWith(handle, `"flow":${JSON.stringify(flow)}`)) {
      bytes += text.length
      if (bytes > MAX_FOUND_BYTES) throw new Error('more is sealed under this event than Weir ever seals')
      const line = parseLine(text.toString('utf8'))
      if (line?.flow === flow) found.push({ line, digest: hash('sha256', text, 'hex') })
    }
    return found
  } finally {
    await handle.close()
  }
}

/** Whole lines that hold a text, as bytes of their own. */
async function* linesWith(handle: FileHandle, sign: string): AsyncGenerator<Buffer> {
  const slice = Buffer.allocUnsafe(SLICE_BYTES)
  let begun: Buffer[] = []
  let length = 0
  let isTooLong = false
  for (let offset = 0; ; ) {
    const { bytesRead } = await handle.read(slice, 0, SLICE_BYTES, offset)
    if (bytesRead === 0) return
    offset += bytesRead
    const first = slice.indexOf(NEWLINE)
    const end = slice.lastIndexOf(NEWLINE, bytesRead - 1) + 1
    if (end > 0) {
      const head = slice.subarray(0, first)
      const joined = begun.length === 0 ? head : Buffer.concat([...begun, head])
      if (!isTooLong && joined.includes(sign)) yield Buffer.from(joined)
      yield* linesIn(slice.subarray(first + 1, end), sign)
      begun = []
      length = 0
      isTooLong = false
    }
    length += bytesRead - end
    isTooLong ||= length > MAX_LINE_BYTES
    if (isTooLong) begun = []
    else if (bytesRead > end) begun.push(Buffer.from(slice.subarray(end, bytesRead)))
  }
}

function* linesIn(bytes: Buffer, sign: string): Generator<Buffer> {
  for (let at = bytes.indexOf(sign); at !== -1; ) {
    const from = bytes.lastIndexOf(NEWLINE, at) + 1
    const end = bytes.indexOf(NEWLINE, at)
    yield Buffer.from(bytes.subarray(from, end))
    at = bytes.indexOf(sign, end)
  }
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
