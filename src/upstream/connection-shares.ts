/**
 * Who may use how many connections of an origin at once. Whoever finds none free waits here and may leave again, which the
 * queue of a pool does not know; one client alone never has all of them.
 */

export interface ShareLimits {
  /** Of all clients together. */
  readonly total: number
  readonly perClient: number
}

export interface Place {
  /** Call it once. `false`: none is free, and it waits. */
  readonly enter: () => boolean
  /** It is over, or not wanted any more. */
  readonly leave: () => void
}

interface Share {
  running: number
  /** In the order in which they came. */
  readonly waiting: Set<() => void>
}

export class ConnectionShares {
  readonly #limits: ShareLimits
  /** Whose turn it is next comes first. Those whom nobody can tell apart have `null`, and no limit of their own. */
  readonly #shares = new Map<string | null, Share>()
  #running = 0
  #waiting = 0

  constructor(limits: ShareLimits) {
    this.#limits = limits
  }

  /** Nobody runs and nobody waits. */
  get isIdle(): boolean {
    return this.#shares.size === 0
  }

  /** `run` is called once, when there is a connection. */
  place(client: string | null, run: () => void): Place {
    const share = this.#shares.get(client) ?? { running: 0, waiting: new Set() }
    this.#shares.set(client, share)
    let state: 'waiting' | 'running' | 'over' = 'waiting'
    const begin = (): void => {
      state = 'running'
      share.running++
      this.#running++
      run()
    }
    return {
      enter: () => {
        const isFree = this.#isFree(client, share)
        if (isFree) begin()
        else {
          share.waiting.add(begin)
          this.#waiting++
        }
        return isFree
      },
      leave: () => {
        if (state === 'over') return
        const wasRunning = state === 'running'
        state = 'over'
        if (wasRunning) {
          share.running--
          this.#running--
        } else if (share.waiting.delete(begin)) this.#waiting--
        if (share.running === 0 && share.waiting.size === 0) this.#shares.delete(client)
        if (wasRunning && this.#waiting > 0) this.#serve()
      },
    }
  }

  #isFree(client: string | null, { running }: Share): boolean {
    return this.#running < this.#limits.total && (client === null || running < this.#limits.perClient)
  }

  /** In turns: who has one more of his requests running waits behind the others. */
  #serve(): void {
    for (const [client, share] of this.#shares) {
      const [next] = share.waiting
      if (next === undefined || !this.#isFree(client, share)) continue
      share.waiting.delete(next)
      this.#waiting--
      this.#shares.delete(client)
      this.#shares.set(client, share)
      next()
      return
    }
  }
}
