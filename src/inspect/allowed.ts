/**
 * The allowlist: values that IT took for no findings, as keyed hashes. Stands around an inspector: what is on the list is
 * as if it had not been found, from the moment it is on it. Also remembers what was found, for reports of false positives.
 */
import type { Finding, Inspection } from '../domain/finding.ts'
import type { MarkOf } from './finding-marks.ts'
import { type FindingMemory, FLOW_MARKS } from './finding-memory.ts'

/** A value of one detector. */
export interface AllowedMark {
  readonly detector: string
  readonly placeholder: string
}

export interface Allowlist {
  /** All that is allowed from now on. */
  readonly replace: (allowed: readonly AllowedMark[]) => void
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
}

/** `inspect`, without what is allowed. */
export function withoutAllowed<A extends Asked>(
  inspect: (asked: A) => Inspection | Promise<Inspection>,
  options: AllowedOptions,
): (asked: A) => Inspection | Promise<Inspection> {
  return (asked) => {
    const found = inspect(asked)
    return found instanceof Promise ? found.then((each) => sifted(options, asked, each)) : sifted(options, asked, found)
  }
}

function sifted({ markOf, allowlist, memory }: AllowedOptions, { body, flow }: Asked, found: Inspection): Inspection {
  const { findings } = found
  if (findings.length === 0) return found
  const isFinding = (finding: Finding): boolean =>
    !allowlist.hasAny(finding.detector) ||
    !allowlist.isAllowed({ detector: finding.detector, placeholder: markOf(body, finding) })
  const left = findings.filter(isFinding)
  if (memory !== undefined && flow !== undefined) {
    const marks = left.slice(0, FLOW_MARKS).map((finding) => {
      const { detector, field } = finding
      return { detector, field, placeholder: markOf(body, finding) }
    })
    memory.remember(flow, marks)
  }
  return left.length === findings.length ? found : { ...found, findings: left }
}
