/** How long work on one thread is cut into pieces, so that whoever waits for the thread gets it in between. */

/** Work in steps of well under a millisecond: at each `yield` it can stop for a while. */
export type StepwiseWork<T> = Generator<undefined, T, undefined>

export interface WorkTurns {
  /** Does the work to its end, over as many turns of the event loop as it takes. Rejects with what the work throws. */
  readonly run: <T>(work: StepwiseWork<T>) => Promise<T>
  /** Does short work that cannot be cut: at once, or in a later turn when this one has taken long enough. */
  readonly whole: <T>(work: () => T) => T | Promise<T>
}

/** Does the work to its end at once. */
export function allAtOnce<T>(work: StepwiseWork<T>): T {
  let step = work.next()
  while (step.done !== true) step = work.next()
  return step.value
}
