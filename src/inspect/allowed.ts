/**
 * The allowlist: values that IT took for no findings, as keyed hashes. Stands around an inspector: what is on the list is
 * as if it had not been found, from the moment it is on it. Also remembers what was found, for reports of false positives.
 */
import type { Finding, Findings, Inspected } from '../domain/finding.ts'
import { pickFindings } from '../domain/picked-findings.ts'
import { allAtOnce, type StepwiseWork, type WorkTurns } from '../domain/work-turns.ts'
import type { MarkOf } from './finding-marks.ts'
import { type FindingMemory, FLOW_MARKS, type FoundMark } from './finding-memory.ts'

/** A value of one detector. */
export interface AllowedMark {
  readonly detector: string
  readonly placeholder: string
}

export interface Allowlist {
  /** All that is allowed from now on. */
  readonly replace: (allowed: readonly AllowedMark[]) => void
  readonly isEmpty: () => boolean
  /** May the detector be on the list at all? Cheap: the hash is made only then. */
  readonly hasAny: (detector: string) => boolean
  readonly isAllowed: (mark: AllowedMark) => boolean
}

export function createAllowlist(): Allowlist {
  let byDetector: ReadonlyMap<string, ReadonlySet<string>> = new Map()
  return {
    replace: (allowed) => {
      const next = new Map<string, Set<string>>()
      for (const { detector, placeholder } of allowed) {
        next.set(detector, (next.get(detector) ?? new Set()).add(placeholder))
      }
      byDetector = next
    },
    isEmpty: () => byDetector.size === 0,
    hasAny: (detector) => byDetector.has(detector),
    isAllowed: ({ detector, placeholder }) => byDetector.get(detector)?.has(placeholder) === true,
  }
}

interface Asked {
  readonly body: Uint8Array
  /** Id of the request, for reports. Absent: nobody will ask. */
  readonly flow?: string
}

export interface AllowedOptions {
  readonly markOf: MarkOf
  readonly allowlist: Allowlist
  /** Absent: nothing is remembered. */
  readonly memory?: FindingMemory
  /** Absent: many findings, too, are looked up at once. */
  readonly turns?: WorkTurns
}

/** More findings are looked up in turns. */
const FEW_FINDINGS = 100

/** `inspect`, without what is allowed. */
export function withoutAllowed<A extends Asked>(
  inspect: (asked: A) => Inspected | Promise<Inspected>,
  options: AllowedOptions,
): (asked: A) => Inspected | Promise<Inspected> {
  const { turns } = options
  return (asked) => {
    const sifted = (found: Inspected): Inspected | Promise<Inspected> => {
      const { length } = found.findings
      if (length === 0) return found
      const work = sifting(options, asked, found)
      return turns === undefined || length <= FEW_FINDINGS ? allAtOnce(work) : turns.run(work)
    }
    const found = inspect(asked)
    return found instanceof Promise ? found.then(sifted) : sifted(found)
  }
}

function* sifting(options: AllowedOptions, { body, flow }: Asked, found: Inspected): StepwiseWork<Inspected> {
  const { markOf, allowlist, memory } = options
  const findings = allowlist.isEmpty() ? found.findings : yield* notAllowed(options, body, found.findings)
  if (memory !== undefined && flow !== undefined) {
    const marks: FoundMark[] = []
    for (const finding of findings) {
      if (marks.length === FLOW_MARKS) break
      const { detector, field } = finding
      marks.push({ detector, field, placeholder: markOf(body, finding) })
      if (marks.length % MARKED_AT_ONCE === 0) yield
    }
    memory.remember(flow, marks)
  }
  return findings.length === found.findings.length ? found : { ...found, findings }
}

/** Marks, each a hash, that are made without a stop; and findings that need none. */
const MARKED_AT_ONCE = 16
const LOOKED_AT_ONCE = 500

function* notAllowed({ markOf, allowlist }: AllowedOptions, body: Uint8Array, all: Findings): StepwiseWork<Findings> {
  const isAllowed = (finding: Finding): boolean =>
    allowlist.isAllowed({ detector: finding.detector, placeholder: markOf(body, finding) })
  const isKept = new Uint8Array(all.length).fill(1)
  let index = 0
  let marked = 0
  for (const finding of all) {
    const isListed = allowlist.hasAny(finding.detector)
    if (isListed) {
      marked += 1
      if (isAllowed(finding)) isKept[index] = 0
    }
    index += 1
    if (index % LOOKED_AT_ONCE === 0 || (isListed && marked % MARKED_AT_ONCE === 0)) yield
  }
  return pickFindings(all, isKept)
}
