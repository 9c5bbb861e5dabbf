/** The members of a pack that are as long as the range: events, exchanges, persons. Each is one walk over the files. */
import type { ExchangeRecord } from '../event-query.ts'
import { EXPORT_FORMATS } from '../export/formats.ts'
import type { ReadPerson } from '../person.ts'
import { createExchangeStream } from './exchange-stream.ts'
import type { StreamRange } from './range-proof.ts'
import { type TrailGap, type TrailRange, type TrailRecord, trailRecords } from './trail-records.ts'

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
    return ((this.#bits[Math.floor(at / 8)] ?? 0) & (1 << (at % 8))) !== 0
  }
}

/** What the first walk learns. */
export interface FirstWalk {
  readonly streams: ReadonlyMap<string, StreamPart>
  readonly gaps: readonly TrailGap[]
  readonly gapCount: () => number
  /** `events.jsonl`: the chained lines as they stand in the files. */
  readonly lines: Generator<string>
}

/** Begin the first walk; `onExchange` gets each exchange once, its persons as far as they may be told. */
export function firstWalk(question: RecordQuestion, onExchange: (exchange: ExchangeRecord) => void): FirstWalk {
  const streams = new Map<string, StreamPart>()
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
  return { streams, gaps, gapCount: () => gapCount, lines: lines() }
}

/** `events.csv`: exchanges, formula-safe. */
export function* csvRows(question: RecordQuestion, lastSeqs: ReadonlyMap<string, number>): Generator<string> {
  const { header = '', row } = EXPORT_FORMATS.csv
  yield header
  const exchanges = createExchangeStream()
  const records = trailRecords(question.dir, {
    range: question.range,
    lastSeqs,
    withoutPersons: !question.hasPersons,
  })
  for (const record of wanted(records, question)) {
    const exchange = exchanges.push(joined(record, question))
    if (exchange !== null) yield row(exchange)
  }
  for (const exchange of exchanges.open()) yield row(exchange)
}

/** `persons.jsonl`: who stands behind a record, and the line that its `whoDigest` was made of. */
export function* personLines(question: RecordQuestion, lastSeqs: ReadonlyMap<string, number>): Generator<string> {
  const records = trailRecords(question.dir, { range: question.range, lastSeqs })
  for (const { fields, personal } of wanted(records, question)) {
    if (fields['whoDigest'] === undefined) continue
    const client = personal === null ? null : question.readPerson(personal)
    yield `${JSON.stringify({ id: fields['id'], client, line: client === null ? null : personal })}\n`
  }
}

function* wanted(
  records: Iterable<TrailRecord>,
  { flows, onProgress }: Pick<RecordQuestion, 'flows' | 'onProgress'>,
): Generator<TrailRecord> {
  let count = 0
  for (const record of records) {
    if (++count % PROGRESS_STEP === 0) onProgress(count)
    if (flows === null || flows.has(String(record.fields['flow']))) yield record
  }
  onProgress(count)
}

const joined = ({ fields, personal }: TrailRecord, { readPerson, hasPersons }: RecordQuestion): ExchangeRecord =>
  'who' in fields && hasPersons ? { ...fields, client: personal === null ? null : readPerson(personal) } : fields
