/**
 * Keeps the text behind every revision that took effect, once each, so that "what was in force then" can be answered
 * and its digest computed again. Secrets of `weir.yaml` are struck out; the network map, which names persons, is not kept.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { appendFile, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual, promisify } from 'node:util'
import { zstdCompress, zstdDecompressSync } from 'node:zlib'
import { revisionOf } from './revision.ts'
import type { LoadedState } from './state.ts'
import { withoutSecrets } from './without-secrets.ts'

/** What is kept by itself. `rules` is what decides: policy and catalogue together, as `policyRevision` names them. */
export const ARCHIVED_PARTS = ['rules', 'detectors', 'notices', 'config'] as const
export type ArchivedPart = (typeof ARCHIVED_PARTS)[number]

/** One file of a revision. */
export interface ArchivedFile {
  /** Inside the rules folder; `weir.yaml` for the configuration. */
  readonly file: string
  readonly text: string
}

export interface ArchivedRevision {
  readonly part: ArchivedPart
  /** As events name it. */
  readonly revision: string
  readonly files: readonly ArchivedFile[]
  /** The revision cannot be computed from the text, because a secret was struck out of it. */
  readonly isRedacted: boolean
}

const compress = promisify(zstdCompress)

/** Kept of each part; the oldest go first. One takes 100 to 200 KB. */
export const MAX_KEPT = 1000
/** A revision that unpacks to more is no file of ours. */
const MAX_BYTES = 256 * 1024 * 1024

/** Since when which revisions were in force, one line of JSON each. */
const TIMELINE = 'in-force.jsonl'
/** As much of its end is read: some 20,000 changes. */
const MAX_TIMELINE_BYTES = 8 * 1024 * 1024

/** What took effect at a time. */
export interface InForce {
  /** RFC 3339. */
  readonly time: string
  /** Revision by part. */
  readonly revisions: Readonly<Partial<Record<ArchivedPart | 'identity', string>>>
}

export interface RulesArchive {
  /** Keep what is in force now, in the background: no request waits for the disk. */
  readonly keep: (state: LoadedState) => void
  /** Wait for what is being kept. */
  readonly close: () => Promise<void>
}

/** An archive in a folder, made when missing. What cannot be kept goes to `onError`; the next change tries again. */
export function createRulesArchive(
  dir: string,
  { nowIso, onError }: { readonly nowIso: () => string; readonly onError: (error: unknown) => void },
): RulesArchive {
  let running: Promise<unknown> = Promise.resolve()
  return {
    keep: (state) => {
      const time = nowIso()
      running = running.then(() => archiveState(dir, state, time)).catch(onError)
    },
    close: async () => {
      await running
    },
  }
}

/**
 * Keep what is in force, and that it is since `time` (RFC 3339). Text that is there already is not written again.
 * Gives the names of the files that were written. Rejects with I/O errors.
 */
export async function archiveState(dir: string, state: LoadedState, time: string): Promise<string[]> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const kept = new Set(await readdir(dir))
  const written: string[] = []
  for (const revision of revisionsIn(state)) {
    const name = nameOf(revision.part, revision.revision)
    if (kept.has(name)) continue
    if (!revision.isRedacted && revisionOf(revision.files) !== revision.revision)
      throw new Error(`the files of ${revision.part} do not make its revision ${revision.revision}`)
    await writeWhole(join(dir, name), await compress(JSON.stringify(revision)))
    written.push(name)
  }
  await noteInForce(dir, { time, revisions: partRevisions(state) })
  if (written.length > 0)
    await prune(dir, new Set(revisionsIn(state).map(({ part, revision }) => nameOf(part, revision))))
  return written
}

/** A kept revision; `null` when it is not there or is not what its name says. */
export function readArchived(dir: string, part: ArchivedPart, revision: string): ArchivedRevision | null {
  try {
    const bytes = readFileSync(join(dir, nameOf(part, revision)))
    const text = zstdDecompressSync(bytes, { maxOutputLength: MAX_BYTES }).toString('utf8')
    const kept = JSON.parse(text) as ArchivedRevision
    const isWhole = kept.revision === revision && (kept.isRedacted || revisionOf(kept.files) === revision)
    return isWhole ? (part === 'config' ? struck(kept) : kept) : null
  } catch {
    return null // missing or damaged: the caller says that it is not there
  }
}

/** An older Weir may have kept what this one strikes out. */
function struck(kept: ArchivedRevision): ArchivedRevision {
  const files = kept.files.map(({ file, text }) => ({ file, text: withoutSecrets(text) }))
  return isDeepStrictEqual(files, kept.files) ? kept : { ...kept, files, isRedacted: true }
}

/** Every change of what is in force that was noted, oldest first; lines that are none are left out. */
export function readTimeline(dir: string): InForce[] {
  let text: string
  try {
    text = readFileSync(join(dir, TIMELINE)).subarray(-MAX_TIMELINE_BYTES).toString('utf8')
  } catch {
    return [] // nothing was kept yet, or it is not ours to read: the caller says what is missing
  }
  return text.split('\n').flatMap((line) => inForceOf(line) ?? [])
}

function inForceOf(line: string): InForce | null {
  try {
    const { time, revisions } = JSON.parse(line) as Partial<InForce>
    return typeof time === 'string' && typeof revisions === 'object' ? { time, revisions } : null
  } catch {
    return null
  }
}

async function noteInForce(dir: string, now: InForce): Promise<void> {
  const last = readTimeline(dir).at(-1)
  if (last !== undefined && isDeepStrictEqual(last.revisions, now.revisions)) return
  await appendFile(join(dir, TIMELINE), `${JSON.stringify(now)}\n`, { mode: 0o600, flush: true })
}

const partRevisions = ({ rules, revisions }: LoadedState): InForce['revisions'] => ({
  rules: rules.snapshot.revision,
  detectors: rules.revisions.detectors,
  notices: rules.revisions.notices,
  config: revisions.config,
  identity: revisions.identity,
})

/** Revisions as `sha256:` + hex become names; anything else becomes a name that no file has. */
const nameOf = (part: ArchivedPart, revision: string): string =>
  `${part}-${/^sha256:([0-9a-f]{64})$/u.exec(revision)?.[1] ?? 'unknown'}.json.zst`

function revisionsIn({ rules, revisions, configText }: LoadedState): ArchivedRevision[] {
  const { sources } = rules
  const whole = (part: ArchivedPart, revision: string, files: readonly ArchivedFile[]): ArchivedRevision => ({
    part,
    revision,
    files,
    isRedacted: false,
  })
  return [
    whole('rules', rules.snapshot.revision, sources.rules),
    whole('detectors', rules.revisions.detectors, sources.detectors),
    whole('notices', rules.revisions.notices, sources.notices),
    ...configText.map(({ file, text }): ArchivedRevision => {
      const shown = withoutSecrets(text)
      return { part: 'config', revision: revisions.config, files: [{ file, text: shown }], isRedacted: shown !== text }
    }),
  ]
}

async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const aside = `${file}.${randomBytes(6).toString('hex')}.part`
  try {
    await writeFile(aside, bytes, { mode: 0o600, flag: 'wx', flush: true })
    await rename(aside, file)
  } catch (error) {
    await rm(aside, { force: true })
    throw error
  }
}

/** Bounded: a script that writes the policy every minute must not fill the disk. What is in force stays. */
async function prune(dir: string, inForce: ReadonlySet<string>): Promise<void> {
  const all = await readdir(dir)
  for (const part of ARCHIVED_PARTS) {
    const names = all.filter((name) => name.startsWith(`${part}-`) && name.endsWith('.json.zst'))
    const extra = names.length - MAX_KEPT
    if (extra <= 0) continue
    const others = names.filter((name) => !inForce.has(name))
    const aged = await Promise.all(others.map(async (name) => ({ name, ms: (await stat(join(dir, name))).mtimeMs })))
    aged.sort((a, b) => a.ms - b.ms)
    for (const { name } of aged.slice(0, extra)) await rm(join(dir, name), { force: true })
  }
}
