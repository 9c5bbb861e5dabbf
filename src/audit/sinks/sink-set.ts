/**
 * The sinks that are at work. The list may change at any time: who stays the same is not disturbed, who goes leaves its
 * place on disk, and who comes back under the same name goes on there.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Logger } from '../../flow/ports.ts'
import type { SinkSettings } from './settings.ts'
import { whyOf } from './sink.ts'
import type { SinkRunner } from './sink-runner.ts'
import type { SinkStatus } from './sinks-protocol.ts'
import type { CheckpointNote } from './state-file.ts'

/** What the set needs of a sink at work. */
export type RunningSink = Pick<SinkRunner, 'notify' | 'checkpoint' | 'status' | 'leave' | 'stop'>

export interface SinkSetOptions {
  /** Throws where a sink cannot be begun. */
  readonly start: (settings: SinkSettings) => RunningSink
  readonly log: Pick<Logger, 'error'>
  readonly nowIso?: () => string
}

interface Entry {
  readonly settings: SinkSettings
  /** `null`: it could not be begun. */
  readonly sink: RunningSink | null
  readonly failure: SinkStatus['failure']
}

export class SinkSet {
  readonly #options: SinkSetOptions
  /** In the order of the list. */
  #entries: readonly Entry[] = []
  /** Changes come one after the other. */
  #changing: Promise<unknown> = Promise.resolve()
  #isStopped = false

  constructor(options: SinkSetOptions) {
    this.#options = options
  }

  /** Put this list in the place of the one before. Never rejects; what cannot be begun, `status` says. */
  set(list: readonly SinkSettings[]): Promise<void> {
    return this.#inTurn(() => this.#set(list))
  }

  /** Try again to begin those that could not. */
  again(): Promise<void> {
    return this.#inTurn(() => this.#set(this.#entries.map(({ settings }) => settings)))
  }

  notify(): void {
    for (const { sink } of this.#entries) sink?.notify()
  }

  /** Also to sinks that are only about to begin. */
  checkpoint(note: CheckpointNote): Promise<void> {
    return this.#inTurn(() => {
      for (const { sink } of this.#entries) sink?.checkpoint(note)
    })
  }

  status(): readonly SinkStatus[] {
    return this.#entries.map(({ sink, settings, failure }) => sink?.status() ?? notBegun(settings, failure))
  }

  stop(): Promise<void> {
    this.#isStopped = true
    return this.#inTurn(async () => {
      await Promise.all(this.#entries.flatMap(({ sink }) => (sink === null ? [] : [sink.stop()])))
    })
  }

  #inTurn(change: () => unknown): Promise<void> {
    const done = this.#changing.then(async () => {
      await change()
    })
    this.#changing = done
    return done
  }

  async #set(list: readonly SinkSettings[]): Promise<void> {
    if (this.#isStopped) return
    const stays = new Map<string, Entry>()
    const goes: RunningSink[] = []
    for (const entry of this.#entries) {
      const isSame = list.some((settings) => isDeepStrictEqual(settings, entry.settings))
      if (isSame) stays.set(entry.settings.name, entry)
      else if (entry.sink !== null) goes.push(entry.sink)
    }
    this.#entries = [...stays.values()]
    // A sink of the same name goes on where this one stops.
    await Promise.all(goes.map((sink) => sink.leave()))
    if (this.isStopped) return
    this.#entries = list.map((settings) => this.#begun(settings, stays.get(settings.name)))
  }

  /** A stop may come during any wait. */
  get isStopped(): boolean {
    return this.#isStopped
  }

  #begun(settings: SinkSettings, known: Entry | undefined): Entry {
    if (known !== undefined && known.sink !== null) return known
    try {
      return { settings, sink: this.#options.start(settings), failure: null }
    } catch (error) {
      // One sink that cannot be begun is not to stop the others.
      const why = whyOf(error)
      if (known === undefined) this.#options.log.error({ sink: settings.name, detail: why }, 'audit.sink-failing')
      const now = (this.#options.nowIso ?? (() => new Date().toISOString()))()
      return { settings, sink: null, failure: { since: known?.failure?.since ?? now, why } }
    }
  }
}

const notBegun = ({ name, kind }: SinkSettings, failure: SinkStatus['failure']): SinkStatus => ({
  name,
  kind,
  behindEvents: 0,
  behindSeconds: 0,
  delivered: 0,
  retried: 0,
  leftOut: 0,
  setAside: 0,
  lost: 0,
  deliveredAt: null,
  failure,
})
