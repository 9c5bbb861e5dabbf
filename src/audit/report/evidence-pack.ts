/**
 * Makes one evidence pack: a zip with the events of a range, what was in force, proofs, a summary for people, and a signed
 * manifest of all of it. Everything long is streamed; the file gets its name when it is whole.
 */
import type { ReadPerson } from '../person.ts'
import type { NoteSigner } from '../tree/signed-note.ts'
import { CONTROLS } from './controls.ts'
import { type DamagedFile, damagedFile, damageNote, leftOut } from './damaged-files.ts'
import type { CjkFonts } from './fonts.ts'
import { renderHtml } from './html.ts'
import {
  csvRows,
  type FirstWalk,
  firstWalk,
  personLines,
  type RecordQuestion,
  type StreamPart,
} from './pack-records.ts'
import { renderPdf } from './pdf.ts'
import { type PolicyArchive, type PolicyIndex, policyFiles } from './policy-files.ts'
import { type MadeProof, makeRangeProof } from './range-proof.ts'
import { readmeText } from './readme.ts'
import { shownQuery } from './shown-query.ts'
import { createStatistics, type PrivacyMode, type Statistics } from './statistics.ts'
import { buildSummary } from './summary.ts'
import type { ProofState, SummaryInput } from './summary-input.ts'
import type { Language } from './summary-texts.ts'
import { createZipPack, type PackFile, type ZipPack } from './zip-pack.ts'

export const PACK_FORMAT = 'weir-evidence-pack-1'
/** What `manifest.sig` is a signed note of, in its second line. */
export const MANIFEST_LINE = 'manifest.json sha256:'

export interface PackOptions {
  /** Folder of the event files. */
  readonly dir: string
  readonly out: string
  readonly isForced: boolean
  readonly fromMs: number
  readonly toMs: number
  /** As it was asked, to be said; the flows that match; `null`: everything. */
  readonly query: { readonly text: string; readonly flows: ReadonlySet<string> } | null
  readonly languages: readonly Language[]
  readonly privacy: PrivacyMode
  readonly readPerson: ReadPerson
  readonly archive: PolicyArchive
  readonly company: string
  readonly version: string
  /** `null`: the manifest stays unsigned, and the pack says so. */
  readonly signer: NoteSigner | null
  readonly cjk: CjkFonts | null
  /** Programs that check the pack, for `verify/`. */
  readonly verifiers: readonly { readonly name: string; readonly text: string }[]
  readonly made: Date
  readonly progress: (message: string) => void
  readonly abort: AbortSignal
}

export interface PackResult {
  readonly file: string
  readonly records: number
  readonly files: readonly PackFile[]
  /** Hex SHA-256 of `manifest.json`: whoever hands the pack on can say it on another way. */
  readonly manifest: string
  readonly proof: ProofState
  /** Event files that could not be read, and which records are missing for it. */
  readonly damaged: readonly DamagedFile[]
  /** What is left out or wrong, as sentences. */
  readonly notes: readonly string[]
}

/** Rejects with I/O errors, and when it is aborted; then nothing is left of it. */
export async function makeEvidencePack(options: PackOptions): Promise<PackResult> {
  const pack = await createZipPack(options.out, { mtime: new Date(options.toMs), isForced: options.isForced })
  try {
    const result = await new PackMaker(pack, options).run()
    await pack.finish()
    return result
  } catch (error) {
    await pack.abandon()
    throw error
  }
}

interface Walked {
  readonly statistics: Statistics
  readonly walk: FirstWalk
  readonly records: number
  readonly damaged: readonly DamagedFile[]
}

class PackMaker {
  readonly #pack: ZipPack
  readonly #options: PackOptions
  readonly #files: PackFile[] = []
  readonly #notes: string[] = []

  constructor(pack: ZipPack, options: PackOptions) {
    this.#pack = pack
    this.#options = options
  }

  async run(): Promise<PackResult> {
    const { archive, fromMs, toMs } = this.#options
    await this.#add('README.txt', readmeText())
    const walked = await this.#records()
    const { statistics } = walked
    const named = statistics.policyRevisions.map(({ name }) => name)
    const policies = policyFiles({ archive, from: iso(fromMs), to: iso(toMs), named })
    for (const { name, text } of policies.files) await this.#add(name, text)
    await this.#add('policies/index.json', pretty(policies.index))
    const proof = await this.#proofs(walked.walk.streams)
    await this.#facts(walked)
    await this.#summaries({ ...walked, policies: policies.index, proof })
    for (const { name, text } of this.#options.verifiers) await this.#add(`verify/${name}`, text)
    const manifest = await this.#manifest(walked, proof)
    const { out } = this.#options
    const { records, damaged } = walked
    return { file: out, records, files: this.#files, manifest, proof, damaged, notes: this.#notes }
  }

  async #records(): Promise<Walked> {
    const { privacy, dir, fromMs, toMs, query, readPerson } = this.#options
    const statistician = createStatistics({ privacy })
    const question = (step: string): RecordQuestion => ({
      dir,
      range: { fromMs, toMs },
      flows: query?.flows ?? null,
      readPerson,
      hasPersons: privacy === 'full',
      onProgress: (count) => this.#onProgress(step, count),
    })
    const walk = firstWalk(question('events'), statistician.add)
    await this.#add('events.jsonl', walk.lines)
    await this.#add('events.csv', csvRows(question('table'), walk))
    if (privacy === 'full') await this.#add('persons.jsonl', personLines(question('persons'), walk))
    const records = [...walk.streams.values()].reduce((sum, part) => sum + part.records, 0)
    const damaged = walk.damage.map((each) => damagedFile(dir, each))
    for (const each of damaged) this.#notes.push(damageNote(each))
    return { statistics: statistician.result(), walk, records, damaged }
  }

  #onProgress(step: string, count: number): void {
    this.#options.abort.throwIfAborted()
    this.#options.progress(`${step}: ${count} records`)
  }

  /** Proofs of each stream; leaves between that are not in the pack stand there by their hashes. */
  async #proofs(streams: ReadonlyMap<string, StreamPart>): Promise<ProofState> {
    let state = { kind: 'none' } as ProofState
    for (const part of streams.values()) {
      const made = this.#proofOf(part)
      if (typeof made === 'string') {
        this.#notes.push(`${made}: proofs/ does not have it`)
        continue
      }
      const { proof, note } = made
      await this.#add(`proofs/${part.stream}.json`, pretty(proof))
      await this.#add(`proofs/${part.stream}.checkpoint`, note)
      await this.#add(`proofs/${part.stream}.omitted`, omittedLeaves(part, made))
      const newer = newerThan(part, proof.end)
      const before: { covered: number; newer: number; size: number } =
        state.kind === 'tree' ? state : { covered: 0, newer: 0, size: 0 }
      state = {
        kind: 'tree',
        signer: proof.origin,
        size: before.size + proof.size,
        covered: before.covered + part.records - newer,
        newer: before.newer + newer,
      }
    }
    return state
  }

  /** Or why there is none. */
  #proofOf(part: StreamPart): MadeProof | string {
    try {
      const made = makeRangeProof(this.#options.dir, part)
      if (made === null) return `no signed checkpoint covers stream ${part.stream}`
      // Every leaf that will be asked for, before the pack has half of them.
      for (const _leaf of omittedLeaves(part, made)) this.#options.abort.throwIfAborted()
      return made
    } catch (error) {
      this.#options.abort.throwIfAborted()
      return `the tree of stream ${part.stream} cannot be read (${(error as Error).message})`
    }
  }

  async #facts({ statistics, walk, damaged }: Walked): Promise<void> {
    const { coverage, admin, adminCounts, config, exemptions, ...rest } = statistics
    const gaps = {
      gapCount: walk.gapCount(),
      gaps: walk.gaps.map(({ stream, after, before }) => ({ stream, after, before })),
      damaged,
    }
    await this.#add('statistics.json', pretty(rest))
    await this.#add('coverage.json', pretty({ ...coverage, ...gaps }))
    await this.#add('administration.json', pretty({ exemptions, operations: adminCounts, admin, config }))
    await this.#add('controls.json', pretty({ notice: CONTROLS_NOTICE, controls: CONTROLS }))
  }

  async #summaries(walked: Walked & { readonly policies: PolicyIndex; readonly proof: ProofState }): Promise<void> {
    const { languages, cjk, made, company, privacy, query, version, signer, fromMs, toMs } = this.#options
    const input: SummaryInput = {
      ...walked,
      gaps: walked.walk.gaps,
      gapCount: walked.walk.gapCount(),
      company,
      privacy,
      from: iso(fromMs),
      to: iso(toMs),
      made: made.toISOString(),
      filter: query === null ? null : shownQuery(query.text, privacy),
      version,
      signer: signer?.name ?? null,
    }
    for (const language of languages) {
      this.#options.progress(`summary: ${language}`)
      const document = buildSummary(input, language)
      const name = language === 'en' ? 'summary' : `summary.${language}`
      await this.#add(`${name}.html`, renderHtml(document))
      if (language === 'zh-CN' && cjk === null) {
        this.#notes.push(
          'no Chinese PDF: install a font (Debian: apt install fonts-noto-cjk) or set audit.reportFont; the HTML is there',
        )
        continue
      }
      await this.#add(`${name}.pdf`, await renderPdf(document, { cjk, created: made }))
    }
  }

  /** Gives the hex SHA-256 of the manifest. */
  async #manifest({ walk, records, damaged }: Walked, proof: ProofState): Promise<string> {
    const { fromMs, toMs, query, privacy, company, version, signer, made } = this.#options
    if (signer === null) this.#notes.push('the manifest is not signed: the checkpoint key is not readable here')
    await this.#add('SHA256SUMS', `${this.#files.map(({ name, sha256 }) => `${sha256}  ${name}`).join('\n')}\n`)
    if (signer !== null) await this.#add('verifier-key', `${signer.verifierKey}\n`)
    const manifest = {
      format: PACK_FORMAT,
      made: made.toISOString(),
      weir: version,
      company,
      from: iso(fromMs),
      to: iso(toMs),
      query: query === null ? null : shownQuery(query.text, privacy),
      privacy,
      records,
      gaps: walk.gapCount(),
      streams: [...walk.streams.values()].map((part) => streamFacts(part, damaged)),
      damaged,
      proof,
      notes: this.#notes,
      files: [...this.#files],
    }
    const { sha256 } = await this.#pack.add('manifest.json', [pretty(manifest)])
    if (signer !== null)
      await this.#pack.add('manifest.sig', [signer.sign(`${signer.name}\n${MANIFEST_LINE}${sha256}\n`)])
    return sha256
  }

  async #add(name: string, content: string | Uint8Array | Iterable<string>): Promise<void> {
    this.#options.abort.throwIfAborted()
    const chunks = typeof content === 'string' || content instanceof Uint8Array ? [content] : content
    this.#files.push(await this.#pack.add(name, chunks))
  }
}

const CONTROLS_NOTICE =
  'An aid for auditors. Not legal advice, no statement of compliance. The texts themselves were not opened by us: `read` is the page that our words were compared with and the day of it, in a stored copy; null: not checked by us.'

const iso = (ms: number): string => new Date(ms).toISOString()
const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const streamFacts = (part: StreamPart, damaged: readonly DamagedFile[]): object => {
  const { stream, firstSeq, lastSeq, records } = part
  return { stream, firstSeq, lastSeq, records, leftOut: leftOut(part, damaged) }
}

function* omittedLeaves(part: StreamPart, { proof, leaf }: MadeProof): Generator<string> {
  for (let seq = proof.first + 1; seq <= proof.end; seq++) if (!part.has(seq)) yield `${seq} ${leaf(seq)}\n`
}

function newerThan(part: StreamPart, end: number): number {
  let newer = 0
  for (let seq = end + 1; seq <= part.lastSeq; seq++) if (part.has(seq)) newer++
  return newer
}
