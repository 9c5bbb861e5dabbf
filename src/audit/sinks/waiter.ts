/** The two ways in which a delivery waits: for news, and for a time. A stop ends both. */
export class Waiter {
  #hasNews = true
  #isStopped = false
  #wakeForNews: (() => void) | null = null
  #endPause: (() => void) | null = null

  get isStopped(): boolean {
    return this.#isStopped
  }

  notify(): void {
    this.#hasNews = true
    this.#wakeForNews?.()
  }

  stop(): void {
    this.#isStopped = true
    this.#wakeForNews?.()
    this.#endPause?.()
  }

  /** What comes from now on is news. */
  listen(): void {
    this.#hasNews = false
  }

  /** Until something comes; at once when it has come since `listen`. */
  async news(): Promise<void> {
    if (this.#hasNews || this.#isStopped) return
    await new Promise<void>((resolve) => {
      this.#wakeForNews = resolve
    })
    this.#wakeForNews = null
  }

  /** Milliseconds; news do not shorten it. */
  async pause(ms: number): Promise<void> {
    if (this.#isStopped || ms <= 0) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#endPause = resolve
      timer = setTimeout(resolve, ms)
    })
    clearTimeout(timer)
    this.#endPause = null
  }
}
