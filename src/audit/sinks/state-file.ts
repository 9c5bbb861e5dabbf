/**
 * How far a sink is, on disk: `data/sinks/<name>.json`. It is replaced as a whole and synced after each delivery that
 * the receiver has confirmed, never before: what a crash undoes is sent twice, not left out.
 */
import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Behind the last line of a stream that was delivered. */
export interface StreamCursor {
  /** `firstSeq` of the segment. */
  readonly segment: number
  /** Start of the chunk that was read, in bytes of uncompressed text. */
  readonly offset: number
  /** Lines behind `offset` that are done. */
  readonly line: number
  /** Where in the personal file the persons of the next lines begin, at the latest. */
  readonly personal: number
  /** Of the last line; for people and for counting what is left. */
  readonly seq: number
}

/** A signed checkpoint as it is handed on. */
export interface CheckpointNote {
  readonly origin: string
  readonly size: number
  /** Base64. */
  readonly root: string
  /** The C2SP signed note. */
  readonly note: string
}

export interface WaitingCheckpoint extends CheckpointNote {
  /** RFC 3339, when it was handed over. */
  readonly time: string
}

export interface SinkState {
  readonly v: 1
  readonly streams: Readonly<Record<string, StreamCursor>>
  /** Checkpoints that wait, oldest first. */
  readonly checkpoints: readonly WaitingCheckpoint[]
  readonly delivered: number
  readonly retried: number
  /** Records that its filter does not want. */
  readonly leftOut: number
  /** Records that the receiver refused for good; `<name>.refused.jsonl` names them. */
  readonly setAside: number
  /** How many of them in a row, without a delivery between. */
  readonly asideInRow: number
  /** Lines that retention removed before they were delivered. */
  readonly lost: number
  /** RFC 3339; `null`: never. */
  readonly deliveredAt: string | null
  readonly failure: { readonly since: string; readonly why: string } | null
}

export const NEW_STATE: SinkState = {
  v: 1,
  streams: {},
  checkpoints: [],
  delivered: 0,
  retried: 0,
  leftOut: 0,
  setAside: 0,
  asideInRow: 0,
  lost: 0,
  deliveredAt: null,
  failure: null,
}

export const stateFile = (folder: string, name: string): string => join(folder, `${name}.json`)

export type StateResult =
  | { readonly kind: 'state'; readonly state: SinkState }
  /** A sink that was never seen before. */
  | { readonly kind: 'none' }
  /** Something else stands there. */
  | { readonly kind: 'broken' }

/** Read a sink's state. Throws I/O errors other than a missing file. */
export function readState(file: string): StateResult {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'none' }
    throw error
  }
  try {
    const state = JSON.parse(text) as SinkState
    return isState(state) ? { kind: 'state', state: { ...NEW_STATE, ...state } } : { kind: 'broken' }
  } catch {
    return { kind: 'broken' } // not JSON is exactly what is asked here
  }
}

function isState(value: Partial<SinkState> | null): boolean {
  if (value?.v !== 1 || typeof value.streams !== 'object' || !Array.isArray(value.checkpoints)) return false
  return Object.values(value.streams).every(({ segment, offset, line, personal, seq }) =>
    [segment, offset, line, personal, seq].every((number) => Number.isSafeInteger(number) && number >= 0),
  )
}

/** Put a state file that cannot be read out of the way, for whoever wants to know. */
export const setStateAside = (file: string): void => renameSync(file, `${file}.broken`)

/** Replace the state; resolves once it is synced. */
export async function writeState(file: string, state: SinkState): Promise<void> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const next = `${file}.next`
  const handle = await open(next, 'w', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(state)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(next, file)
  await syncFolder(dirname(file))
}

/** The name itself must last, too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
