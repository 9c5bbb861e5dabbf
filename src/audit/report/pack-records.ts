/** The members of a pack that are as long as the range: events, exchanges, persons. Each is one walk over the files. */
import type { ExchangeRecord } from '../event-query.ts'
import { EXPORT_FORMATS } from '../export/formats.ts'
import type { ReadPerson } from '../person.ts'
import { createExchangeStream } from './exchange-stream.ts'
import type { StreamRange } from './range-proof.ts'
import type { TrailRange } from './segment-times.ts'
import { type TrailDamage, type TrailGap, type TrailRecord, trailRecords } from './trail-records.ts'

export interface RecordQuestion {
  readonly dir: string
  readonly range: TrailRange
  /** Only these flows; `null`: all. */
  readonly flows: ReadonlySet<string> | null
  readonly readPerson: ReadPerson
  /** Names may be told. */
  readonly hasPersons: boolean
  /** Called now and then with the records walked so far. Throws to end the walk. */
  readonly onProgress: (records: number) => void
}

/** Gaps that are kept to be listed; all are counted. */
const MAX_GAPS = 1000
const PROGRESS_STEP = 20_000

/** Which records of a stream are in the pack. */
export class StreamPart implements StreamRange {
  readonly stream: string
  readonly firstSeq: number
  lastSeq: number
  records = 0
  /** One bit for each number from `firstSeq` on. */
  #bits = new Uint8Array(1024)

  constructor(stream: string, firstSeq: number) {
    this.stream = stream
    this.firstSeq = firstSeq
    this.lastSeq = firstSeq
  }

  add(seq: number): void {
    const at = seq - this.firstSeq
    const byte = Math.floor(at / 8)
    if (byte >= this.#bits.length) {
      const wider = new Uint8Array(Math.max(byte + 1, this.#bits.length * 2))
      wider.set(this.#bits)
      this.#bits = wider
    }
    this.#bits[byte] = (this.#bits[byte] ?? 0) | (1 << (at % 8))
    this.lastSeq = Math.max(this.lastSeq, seq)
    this.records++
  }

  has(seq: number): boolean {
    const at = seq - this.firstSeq
    return at >= 0 && ((this.#bits[Math.floor(at / 8)] ?? 0) & (1 << (at % 8))) !== 0
  }
}

/** What the first walk learns. */
export interface FirstWalk {
  readonly streams: ReadonlyMap<string, StreamPart>
  /** Files that could not be read, or not to their ends. */
  readonly damage: readonly TrailDamage[]
  readonly gaps: readonly TrailGap[]
  readonly gapCount: () => number
  /** `events.jsonl`: the chained lines as they stand in the files. */
  readonly lines: Generator<string>
}

/** Begin the first walk; `onExchange` gets each exchange once, its persons as far as they may be told. */
export function firstWalk(question: RecordQuestion, onExchange: (exchange: ExchangeRecord) => void): FirstWalk {
  const streams = new Map<string, StreamPart>()
  const damage: TrailDamage[] = []
  const gaps: TrailGap[] = []
  let gapCount = 0
  const onGap = (gap: TrailGap): void => {
    gapCount++
    if (gaps.length < MAX_GAPS) gaps.push(gap)
  }
  function* lines(): Generator<string> {
    const exchanges = createExchangeStream()
    const records = trailRecords(question.dir, {
      range: question.range,
      onGap,
      onDamage: (each) => damage.push(each),
      withoutPersons: !question.hasPersons,
    })
    for (const record of wanted(records, question)) {
      let part = streams.get(record.stream)
      if (part === undefined) {
        part = new StreamPart(record.stream, record.seq)
        streams.set(record.stream, part)
      }
      part.add(record.seq)
      const exchange = exchanges.push(joined(record, question))
      if (exchange !== null) onExchange(exchange)
      yield `${record.line}\n`
    }
    for (const exchange of exchanges.open()) onExchange(exchange)
  }
  return { streams, damage, gaps, gapCount: () => gapCount, lines: lines() }
}

/** `events.csv`: exchanges, formula-safe. */
export function* csvRows(question: RecordQuestion, walk: Known): Generator<string> {
  const { header = '', row } = EXPORT_FORMATS.csv
  yield header
  const exchanges = createExchangeStream()
  for (const record of sameAgain(question, walk, !question.hasPersons)) {
    const exchange = exchanges.push(joined(record, question))
    if (exchange !== null) yield row(exchange)
  }
  for (const exchange of exchanges.open()) yield row(exchange)
}

/** `persons.jsonl`: who stands behind a record, and the line that its `whoDigest` was made of. */
export function* personLines(question: RecordQuestion, walk: Known): Generator<string> {
  for (const { fields, personal } of sameAgain(question, walk, false)) {
    if (fields['whoDigest'] === undefined) continue
    const client = personal === null ? null : question.readPerson(personal)
    yield `${JSON.stringify({ id: fields['id'], client, line: client === null ? null : personal })}\n`
  }
}

type Known = Pick<FirstWalk, 'streams' | 'damage'>

/**
 * The records of the first walk once more: what was written, or could be read again, since then is in no file of the
 * pack. Throws when one of them cannot be read any more, for then the files of the pack would not fit each other.
 */
function sameAgain(
  question: RecordQuestion,
  { streams, damage }: Known,
  withoutPersons: boolean,
): Generator<TrailRecord> {
  const known = new Set(damage.map(({ file, missing }) => `${missing} ${file}`))
  const onDamage = ({ file, missing, why }: TrailDamage): void => {
    if (!known.has(`${missing} ${file}`))
      throw new Error(`\`${file}\` could be read first and cannot be read now: ${why}: try again`)
  }
  const lastSeqs = new Map([...streams].map(([stream, { lastSeq }]) => [stream, lastSeq]))
  const records = trailRecords(question.dir, { range: question.range, lastSeqs, onDamage, withoutPersons })
  return wanted(records, question, ({ stream, seq }) => streams.get(stream)?.has(seq) ?? false)
}

function* wanted(
  records: Iterable<TrailRecord>,
  { flows, onProgress }: Pick<RecordQuestion, 'flows' | 'onProgress'>,
  isKnown: (record: TrailRecord) => boolean = () => true,
): Generator<TrailRecord> {
  let count = 0
  for (const record of records) {
    if (++count % PROGRESS_STEP === 0) onProgress(count)
    if ((flows === null || flows.has(String(record.fields['flow']))) && isKnown(record)) yield record
  }
  onProgress(count)
}

const joined = ({ fields, personal }: TrailRecord, { readPerson, hasPersons }: RecordQuestion): ExchangeRecord =>
  'who' in fields && hasPersons ? { ...fields, client: personal === null ? null : readPerson(personal) } : fields
