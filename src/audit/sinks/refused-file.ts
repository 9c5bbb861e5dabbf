/**
 * Records that a receiver refused for good, by their names only: `data/sinks/<name>.refused.jsonl`. What they say stays in
 * the event files, where erasure and retention reach it.
 */
import { mkdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Beyond it refusals are only counted and logged. */
const MAX_BYTES = 16 * 1024 * 1024

export interface Refusal {
  readonly id: string
  readonly stream: string
  readonly seq: number
  /** RFC 3339, when it was given up. */
  readonly time: string
  readonly why: string
}

export const refusedFile = (folder: string, name: string): string => join(folder, `${name}.refused.jsonl`)

/** Add one; resolves once it is synced. */
export async function addRefusal(file: string, refusal: Refusal): Promise<void> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const handle = await open(file, 'a', 0o600)
  try {
    if ((await handle.stat()).size > MAX_BYTES) return
    await handle.appendFile(`${JSON.stringify(refusal)}\n`)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}
