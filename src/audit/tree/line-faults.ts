/** What the lines of a segment show by themselves, as problems. */
import { basename } from 'node:path'
import type { Segment } from '../segments.ts'
import { GENESIS } from '../tail-repair.ts'
import type { LineFault, SegmentScan } from './scan-segment.ts'
import type { Problem, ProblemKind } from './verify-report.ts'

/** Where the stream stood before a segment. */
export interface LastLine {
  readonly seq: number
  /** Hex SHA-256 of it. */
  readonly hash: string
}

/** The first fault of the lines among themselves, if any, and those of the persons. `signed`: records that are. */
export function lineProblems(segment: Segment, scan: SegmentScan, last: LastLine | null, signed: number): Problem[] {
  const file = basename(segment.events)
  const faults = [...joint(segment, scan, last), ...scan.faults].map((fault) => toProblem(fault, file))
  const first = faults.find(({ kind }) => kind !== 'person')
  const persons = [...faults.filter(({ kind }) => kind === 'person'), ...personless(scan, file, signed)]
  return [...(first === undefined ? [] : [first]), ...persons.toSorted((a, b) => Number(a.line) - Number(b.line))]
}

/** An erasure leaves the line. Behind the newest checkpoint a power cut may take it from a record nobody was told of. */
function personless(scan: SegmentScan, file: string, signed: number): Problem[] {
  const gone = scan.personless.filter(({ seq }) => seq <= signed)
  const [first] = gone
  if (first === undefined) return []
  const { seq, line } = first
  const more = gone.length === 1 ? '' : `, and those of ${gone.length - 1} more in this file,`
  const verb = gone.length === 1 ? 'was' : 'were'
  return [{ kind: 'person', seq, file, line, message: `the personal line of record ${seq}${more} ${verb} removed` }]
}

/** Does its first line follow the last one of the segment before? */
function joint(segment: Segment, { first }: SegmentScan, last: LastLine | null): LineFault[] {
  if (first === null) return []
  const expected = last === null ? segment.firstSeq : last.seq + 1
  if (first.seq !== expected) return [{ kind: 'sequence', line: 1, seq: first.seq, after: expected - 1 }]
  const prevHash = last?.hash ?? (first.seq === 1 ? GENESIS : first.prevHash)
  return first.prevHash === prevHash ? [] : [{ kind: 'chain', line: 1, seq: first.seq }]
}

function toProblem(fault: LineFault, file: string): Problem {
  return { ...described(fault), file, line: fault.line }
}

function described({ kind, seq, after = 0 }: LineFault): { kind: ProblemKind; seq: number | null; message: string } {
  switch (kind) {
    case 'no-record':
      return { kind: 'changed', seq, message: 'is no audit record' }
    case 'stream':
      return { kind: 'inserted', seq, message: 'belongs to another stream' }
    case 'person':
      return { kind: 'person', seq, message: `the personal line of record ${String(seq)} was changed` }
    case 'person-repeated':
      return { kind: 'person', seq, message: `there is a second personal line of record ${String(seq)}` }
    case 'chain':
      return {
        kind: 'changed',
        seq,
        message: `does not follow the line before: record ${Number(seq) - 1} or ${String(seq)} was changed`,
      }
    case 'sequence':
      return Number(seq) > after + 1
        ? { kind: 'removed', seq: after + 1, message: `records ${after + 1} to ${Number(seq) - 1} were removed` }
        : {
            kind: 'reordered',
            seq,
            message: `record ${String(seq)} stands behind record ${after}: it was moved or put in again`,
          }
  }
}
