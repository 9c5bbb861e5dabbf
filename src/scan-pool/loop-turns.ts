/**
 * Gives long work on the main thread its turns: only so much of it, all together, between two turns of the event loop.
 * Who waits goes on in the order in which he came.
 */
import type { StepwiseWork, WorkTurns } from '../domain/work-turns.ts'

/** Of all such work in one turn, milliseconds; a step that runs may go over it by its own length. */
export const TURN_MS = 4

export function createLoopTurns(nowMs: () => number = () => performance.now(), turnMs: number = TURN_MS): WorkTurns {
  return new LoopTurns(nowMs, turnMs)
}

class LoopTurns implements WorkTurns {
  readonly #nowMs: () => number
  readonly #turnMs: number
  readonly #waiting: (() => void)[] = []
  /** In this turn. */
  #spentMs = 0
  #isNextAsked = false

  constructor(nowMs: () => number, turnMs: number) {
    this.#nowMs = nowMs
    this.#turnMs = turnMs
  }

  readonly run = async <T>(work: StepwiseWork<T>): Promise<T> => {
    for (;;) {
      if (this.#isOver) await this.#turn()
      const from = this.#nowMs()
      const left = this.#turnMs - this.#spentMs
      let step: IteratorResult<undefined, T>
      try {
        do step = work.next()
        while (step.done !== true && this.#nowMs() - from < left)
      } finally {
        this.#spend(this.#nowMs() - from)
      }
      if (step.done === true) return step.value
    }
  }

  readonly whole = <T>(work: () => T): T | Promise<T> =>
    this.#isOver ? this.#turn().then(() => this.#timed(work)) : this.#timed(work)

  /** Nothing more in this turn, or others were here before. */
  get #isOver(): boolean {
    return this.#spentMs >= this.#turnMs || this.#waiting.length > 0
  }

  #timed<T>(work: () => T): T {
    const from = this.#nowMs()
    try {
      return work()
    } finally {
      this.#spend(this.#nowMs() - from)
    }
  }

  #spend(ms: number): void {
    this.#spentMs += ms
    this.#askNext()
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#askNext()
    })
  }

  #askNext(): void {
    if (this.#isNextAsked) return
    this.#isNextAsked = true
    setImmediate(() => {
      this.#isNextAsked = false
      this.#spentMs = 0
      // One: what it spends is not known before it ran.
      this.#waiting.shift()?.()
      if (this.#waiting.length > 0) this.#askNext()
    })
  }
}
