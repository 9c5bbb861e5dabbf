/**
 * What was found in the requests of late, as keyed hashes and in memory only: so that somebody can say of an event that it
 * was no finding. Bounded in number; never a value.
 */

/** One thing that was found. */
export interface FoundMark {
  readonly detector: string
  /** Where it stood first, e.g. `messages[0].content`. */
  readonly field: string
  /** Keyed hash of the value (`finding-marks.ts`): its placeholder. */
  readonly placeholder: string
}

/** Different things of one request; more are not remembered. */
export const FLOW_MARKS = 100
/** Things of all requests together; beyond it the oldest request is forgotten. */
export const MEMORY_MARKS = 50_000

export interface FindingMemory {
  /** Something more was found in a request. */
  readonly remember: (flow: string, marks: readonly FoundMark[]) => void
  /** `null`: nothing was found in it, or too long ago. */
  readonly foundIn: (flow: string) => readonly FoundMark[] | null
}

export function createFindingMemory(): FindingMemory {
  // The oldest flow stands in front.
  const flows = new Map<string, Map<string, FoundMark>>()
  let count = 0
  const forgetOldest = (): void => {
    for (const [flow, marks] of flows) {
      if (count <= MEMORY_MARKS) return
      flows.delete(flow)
      count -= marks.size
    }
  }
  return {
    remember: (flow, found) => {
      const marks = flows.get(flow) ?? new Map<string, FoundMark>()
      const before = marks.size
      for (const mark of found) {
        const key = `${mark.detector} ${mark.placeholder}`
        if (marks.size < FLOW_MARKS && !marks.has(key)) marks.set(key, mark)
      }
      if (marks.size === 0) return
      flows.set(flow, marks)
      count += marks.size - before
      forgetOldest()
    },
    foundIn: (flow) => {
      const marks = flows.get(flow)
      return marks === undefined ? null : [...marks.values()]
    },
  }
}
