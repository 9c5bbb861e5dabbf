/** The rules that were in force during a range, as files of the pack: every text once, however many revisions share it. */
import { createHash } from 'node:crypto'

/** How a pack gets at what was kept; `config/rules-archive.ts` implements it, the command line joins the two. */
export interface PolicyArchive {
  /** Since when which revision of each part was in force, oldest first. */
  readonly timeline: () => readonly {
    readonly time: string
    readonly revisions: Readonly<Record<string, string | undefined>>
  }[]
  /** `null`: not kept. */
  readonly read: (part: string, revision: string) => KeptRevision | null
}

export interface KeptRevision {
  readonly files: readonly { readonly file: string; readonly text: string }[]
  /** Secrets were struck out: the revision cannot be computed from the text. */
  readonly isRedacted: boolean
}

export interface PolicyRevision {
  readonly part: string
  readonly revision: string
  /** RFC 3339; `null`: not noted. */
  readonly since: string | null
  readonly kept: 'yes' | 'no' | 'redacted'
  /** Its files, in the order of their names, and where each stands in the pack. */
  readonly files: readonly {
    readonly name: string
    readonly sha256: string
    readonly bytes: number
    /** `null`: left out of packs, because it holds the company's own terms; the digest says which text it was. */
    readonly at: string | null
  }[]
}

export interface PolicyIndex {
  readonly revisions: readonly PolicyRevision[]
}

export interface PolicyFile {
  readonly name: string
  readonly text: string
}

/** Lists of a company's own words: an auditor outside must not take them along. */
const WITHHELD = /^detectors\/.*\.(?:txt|fp)$/u
/** Bounds a pack of a range with endless changes; further ones are listed without text. */
const MAX_TEXT_REVISIONS = 200

export interface PolicyQuestion {
  readonly archive: PolicyArchive
  /** RFC 3339. */
  readonly from: string
  readonly to: string
  /** Revisions that events of the range name. */
  readonly named: readonly string[]
}

/** The index and the files of `policies/`. */
export function policyFiles({ archive, from, to, named }: PolicyQuestion): {
  readonly index: PolicyIndex
  readonly files: readonly PolicyFile[]
} {
  const files: PolicyFile[] = []
  const placeOf = new Map<string, string>()
  let texts = 0
  const revisions = inForce(archive, { from, to, named }).map(({ part, revision, since }): PolicyRevision => {
    const kept = texts < MAX_TEXT_REVISIONS ? archive.read(part, revision) : null
    if (kept === null) return { part, revision, since, kept: 'no', files: [] }
    texts++
    const folder = `policies/${part}-${revision.replace(/^sha256:/u, '').slice(0, 12)}`
    return {
      part,
      revision,
      since,
      kept: kept.isRedacted ? 'redacted' : 'yes',
      files: kept.files
        .toSorted((a, b) => (a.file < b.file ? -1 : 1))
        .map(({ file, text }) => {
          const sha256 = createHash('sha256').update(text).digest('hex')
          const facts = { name: file, sha256, bytes: Buffer.byteLength(text) }
          if (WITHHELD.test(file)) return { ...facts, at: null }
          const known = placeOf.get(`${sha256} ${file}`)
          if (known !== undefined) return { ...facts, at: known }
          const at = `${folder}/${file}`
          placeOf.set(`${sha256} ${file}`, at)
          files.push({ name: at, text })
          return { ...facts, at }
        }),
    }
  })
  return { index: { revisions }, files }
}

interface Stretch {
  readonly part: string
  readonly revision: string
  readonly since: string | null
}

/** What the timeline says was in force in the range, and what events name besides. */
function inForce(archive: PolicyArchive, { from, to, named }: Omit<PolicyQuestion, 'archive'>): Stretch[] {
  const found = new Map<string, Stretch>()
  const atBegin = new Map<string, Stretch>()
  for (const { time, revisions } of archive.timeline()) {
    if (time >= to) break
    for (const [part, revision] of Object.entries(revisions)) {
      if (revision === undefined || part === 'identity') continue
      const stretch = { part, revision, since: time }
      if (time <= from) {
        if (atBegin.get(part)?.revision !== revision) atBegin.set(part, stretch)
      } else if (!found.has(`${part} ${revision}`)) found.set(`${part} ${revision}`, stretch)
    }
  }
  const before = [...atBegin.values()]
  const known = new Set([...before, ...found.values()].map(({ revision }) => revision))
  const others = named.filter((revision) => !known.has(revision))
  return [
    ...before,
    ...[...found.values()].filter(({ part, revision }) => atBegin.get(part)?.revision !== revision),
    ...others.map((revision) => ({ part: 'rules', revision, since: null })),
  ]
}
