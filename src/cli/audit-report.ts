/** `weir audit report`: an evidence pack of a range, made beside a running Weir or without one. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type EventPage, QueryError } from '../audit/event-query.ts'
import { escapeControls } from '../audit/export/printable.ts'
import { createPersonReader } from '../audit/person-reader.ts'
import { openAuditReader } from '../audit/reader.ts'
import { makeEvidencePack, type PackOptions, type PackResult } from '../audit/report/evidence-pack.ts'
import { findCjkFonts } from '../audit/report/fonts.ts'
import type { PolicyArchive } from '../audit/report/policy-files.ts'
import type { PrivacyMode } from '../audit/report/statistics.ts'
import { LANGUAGES, type Language } from '../audit/report/summary-texts.ts'
import { checkpointKeyFile, readCheckpointKey, signerOf } from '../audit/tree/checkpoint-key.ts'
import type { NoteSigner } from '../audit/tree/signed-note.ts'
import { loadConfig } from '../config/load.ts'
import { ARCHIVED_PARTS, type ArchivedPart, readArchived, readTimeline } from '../config/rules-archive.ts'
import { parseYaml } from '../config/yaml-file.ts'
import { openTokenStore } from '../state/token-store.ts'
import { accountName } from './account-name.ts'
import { type AuditPlace, findAudit, PLACE_FLAGS } from './audit-folder.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { readTime } from './relative-time.ts'

const USAGE = `usage: weir audit report --from T --to T      an evidence pack: one zip for an auditor

  --from T           2026-11-01T00:00:00Z, 2026-11-01, or 30d ago
  --to T             before this time; now when left out
  --out F.zip        weir-evidence-<from>-<to>.zip when left out
  --force            replace the file
  --lang L           en, zh-CN or both (default both)
  --query Q          only exchanges that the search finds, e.g. 'tool:codex -action:allow'
  --without-persons  pseudonyms only, whatever the privacy mode is
  --font F           font with Chinese characters for the PDF: .ttf, .otf, or F.ttc#Member

options:
  --config FILE   weir.yaml to use
  --data DIR      data folder, instead of the configuration's \`data.dir\`
  --json          answer as JSON
  --help

In it: the events, the rules that were in force, coverage, exceptions, proofs, a summary (HTML, PDF), a
signed list of all files, and programs that check it without Weir. Making it is itself recorded.
Exit codes: 0 done, 1 done without event files that are damaged (they are named, there and in the pack),
2 wrong usage, 3 the events cannot be read or the file cannot be written
`

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const
const FLAGS = {
  ...COMMON_FLAGS,
  ...PLACE_FLAGS,
  from: text,
  to: text,
  out: text,
  lang: text,
  query: text,
  font: text,
  force: flag,
  'without-persons': flag,
} as const

interface Asked {
  readonly fromMs: number
  readonly toMs: number
  readonly languages: readonly Language[]
}

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 1 })
  if (!flags.ok) return flags.exitCode
  const { values } = flags
  const asked = readAsked(values, Date.now())
  if (!asked.ok) {
    io.stderr(`${asked.problems.map(escapeControls).join('\n')}\n\n${USAGE}`)
    return EXIT.usage
  }
  const place = await findAudit(values, io)
  if (place === null) return EXIT.unreachable
  const { fromMs, toMs } = asked
  const name = `weir-evidence-${dayOf(fromMs)}-${dayOf(toMs)}.zip`
  const out = resolve(io.cwd, values.out ?? name)
  const settings = await settingsOf(values.config, io)
  const privacy = values['without-persons'] && settings.privacy === 'full' ? 'pseudonymous' : settings.privacy
  const abort = new AbortController()
  const stop = (): void => abort.abort(new Error('interrupted: nothing was left behind'))
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    const result = await makeEvidencePack({
      ...packOf(place, values.font ?? settings.font),
      ...asked,
      out,
      isForced: values.force,
      query: values.query === undefined ? null : flowsOf(place, values.query, asked, abort.signal),
      privacy,
      readPerson: createPersonReader(place.data),
      made: new Date(),
      progress: (message) => io.stderr(`${message}\n`),
      abort: abort.signal,
    })
    recordDeed(place, { out, fromMs, toMs, result, io })
    tell(result, values.json, io)
    return result.damaged.length === 0 ? EXIT.done : EXIT.bad
  } catch (error) {
    io.stderr(`no pack was made: ${escapeControls(problemOf(error, out))}\n`)
    return error instanceof QueryError ? EXIT.usage : EXIT.unreachable
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

const PAGE = 1000

/** The flows that a search finds in the range. Throws `QueryError` on mistakes in it. */
function flowsOf(place: AuditPlace, text: string, { fromMs, toMs }: Asked, abort: AbortSignal): PackOptions['query'] {
  const [since, until] = [fromMs, toMs].map((ms) => new Date(ms).toISOString())
  const reader = openAuditReader({ dir: place.dir, file: place.store })
  try {
    const flows = new Set<string>()
    let cursor: string | null = null
    do {
      abort.throwIfAborted()
      const page: EventPage = reader.query({
        q: text,
        ...(since === undefined ? {} : { since }),
        ...(until === undefined ? {} : { until }),
        ...(cursor === null ? {} : { cursor }),
        limit: PAGE,
        order: 'asc',
      })
      for (const { flow } of page.items) if (typeof flow === 'string') flows.add(flow)
      cursor = page.next
    } while (cursor !== null)
    return { text, flows }
  } finally {
    reader.close()
  }
}

/** A copy of a data folder may lie where no configuration is: then persons are told as far as their keys are there. */
async function settingsOf(
  config: string | undefined,
  io: CliIo,
): Promise<{ readonly privacy: PrivacyMode; readonly font: string | null }> {
  const loaded = await loadConfig({ flags: config === undefined ? {} : { config }, env: io.env, cwd: io.cwd })
  return loaded.ok
    ? { privacy: loaded.config.audit.privacy, font: loaded.config.audit.reportFont }
    : { privacy: 'full', font: null }
}

type AskedResult = ({ readonly ok: true } & Asked) | { readonly ok: false; readonly problems: readonly string[] }

function readAsked(values: { from?: string; to?: string; lang?: string }, nowMs: number): AskedResult {
  const problems: string[] = []
  const timeOf = (name: 'from' | 'to', fallbackMs: number | null): number => {
    const value = values[name]
    if (value === undefined && fallbackMs !== null) return fallbackMs
    const day = /^\d{4}-\d{2}-\d{2}$/u.test(value ?? '') ? `${value ?? ''}T00:00:00Z` : (value ?? '')
    const time = readTime(day, nowMs)
    if (time === null)
      problems.push(`--${name} \`${value ?? ''}\` is no time: write 2026-11-01, 2026-11-01T10:00:00Z, or 30d ago`)
    return Date.parse(time ?? '')
  }
  const fromMs = timeOf('from', null)
  const toMs = timeOf('to', nowMs)
  if (problems.length === 0 && fromMs >= toMs) problems.push('--from must be before --to')
  const lang = values.lang ?? 'both'
  const languages = lang === 'both' ? LANGUAGES : LANGUAGES.filter((each) => each === lang)
  if (languages.length === 0) problems.push(`--lang \`${lang}\` is not one of en, zh-CN, both`)
  return problems.length > 0 ? { ok: false, problems } : { ok: true, fromMs, toMs, languages }
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10).replaceAll('-', '')

/** What stands in the data folder and beside the program. */
function packOf(
  place: AuditPlace,
  font: string | null,
): Pick<PackOptions, 'dir' | 'archive' | 'company' | 'version' | 'signer' | 'cjk' | 'verifiers'> {
  const archive = archiveOf(join(place.data, 'policies'))
  return {
    dir: place.dir,
    archive,
    company: companyOf(archive),
    version: versionOfWeir(),
    signer: signerIn(place.data),
    cjk: findCjkFonts(font),
    verifiers: verifiers(),
  }
}

const isPart = (part: string): part is ArchivedPart => ARCHIVED_PARTS.some((each) => each === part)

const archiveOf = (dir: string): PolicyArchive => ({
  timeline: () => readTimeline(dir),
  read: (part, revision) => (isPart(part) ? readArchived(dir, part, revision) : null),
})

/** As the newest policy that was kept says it. */
function companyOf(archive: PolicyArchive): string {
  const revision = archive.timeline().at(-1)?.revisions['rules']
  const kept = revision === undefined ? null : archive.read('rules', revision)
  const policy = kept?.files.find(({ file }) => file === 'policy.yaml')
  const parsed = policy === undefined ? null : parseYaml(policy.file, policy.text)
  const document = parsed?.ok === true ? (parsed.source.document as { readonly company?: unknown } | null) : null
  return typeof document?.company === 'string' ? document.company : '–'
}

/** `null`: the key is not there or not ours to read; the pack says that it is unsigned. */
function signerIn(data: string): NoteSigner | null {
  try {
    return signerOf(readCheckpointKey(checkpointKeyFile(data)), 'evidence-pack')
  } catch {
    return null
  }
}

const beside = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

function versionOfWeir(): string {
  const { version } = JSON.parse(readFileSync(beside('package.json'), 'utf8')) as { version?: string }
  return version ?? 'unknown'
}

/** A pack without its programs is still whole: they can be had elsewhere. */
function verifiers(): { readonly name: string; readonly text: string }[] {
  return ['weir-verify.mjs', 'weir-verify-pack.mjs'].flatMap((name) => {
    try {
      return [{ name, text: readFileSync(beside(`verify/${name}`), 'utf8') }]
    } catch {
      return []
    }
  })
}

interface Deed {
  readonly out: string
  readonly fromMs: number
  readonly toMs: number
  readonly result: PackResult
  readonly io: CliIo
}

/** A running Weir records it at once, else the next one that starts. */
function recordDeed(place: AuditPlace, { fromMs, toMs, result, io }: Deed): void {
  const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString())
  try {
    const store = openTokenStore(join(place.data, 'tokens.sqlite'), { waitMs: 5000 })
    try {
      store.noteDeed({
        actor: `cli:${accountName()}`,
        operation: 'evidence.report',
        target: `sha256:${result.manifest}`,
        before: null,
        after: { from, to, records: result.records },
      })
    } finally {
      store.close()
    }
  } catch (error) {
    io.stderr(`warning: this could not be noted for the audit trail: ${error instanceof Error ? error.message : ''}\n`)
  }
}

function tell(result: PackResult, isJson: boolean, io: CliIo): void {
  const { file, records, manifest, proof, damaged, notes } = result
  if (isJson) {
    io.stdout(
      `${JSON.stringify({ file, records, manifest: `sha256:${manifest}`, proof, damaged, notes, files: result.files })}\n`,
    )
    return
  }
  for (const note of notes) io.stderr(`note: ${escapeControls(note)}\n`)
  io.stdout(`${file}: ${records} records, manifest sha256:${manifest}\n`)
}

function problemOf(error: unknown, out: string): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EEXIST') return `\`${out}\` is there already: --force replaces it`
  return message
}
