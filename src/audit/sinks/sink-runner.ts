/** One configured sink at work: its place on disk, its reader, its deliveries. */
import type { Logger } from '../../flow/ports.ts'
import type { ReadPerson } from '../person.ts'
import { listSegments } from '../segments.ts'
import type { BackoffOptions } from './backoff.ts'
import { createSink } from './create-sink.ts'
import { Delivery } from './delivery.ts'
import { endOf, type FollowedRecord, Follower, type FollowProblem } from './follow.ts'
import { refusedFile } from './refused-file.ts'
import { createRenderer } from './render.ts'
import { createFilter, createSelection } from './selection.ts'
import type { SinkSettings } from './settings.ts'
import type { Sink } from './sink.ts'
import type { SinkStatus } from './sinks-protocol.ts'
import { type CheckpointNote, NEW_STATE, readState, type SinkState, setStateAside, stateFile } from './state-file.ts'

export interface RunnerOptions {
  readonly settings: SinkSettings
  /** Folder of the event files. */
  readonly dir: string
  /** Folder of the sinks' own files. */
  readonly folder: string
  readonly durable: (stream: string) => number | null
  /** The stream that this process writes, which may not have a file yet. */
  readonly stream?: string
  readonly readPerson: ReadPerson
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly onChange: () => void
  /** Default: the one of the settings. */
  readonly sink?: Sink
  readonly backoff?: BackoffOptions
  readonly nowMs?: () => number
}

export class SinkRunner {
  readonly #options: RunnerOptions
  readonly #delivery: Delivery
  #lost: number
  #badLines = 0
  #oldest: string | null = null
  /** Where streams began that nothing of was delivered yet. */
  readonly #begun = new Map<string, number>()

  /** Throws I/O errors of the state file, and for settings that make no sink. */
  constructor(options: RunnerOptions) {
    this.#options = options
    const { settings, folder, dir, durable, readPerson, log, onChange, backoff, nowMs } = options
    const state = this.#loadState()
    this.#lost = state.lost
    this.#begin(state)
    const follower = new Follower({
      dir,
      cursors: state.streams,
      durable,
      readPerson: settings.persons ? readPerson : null,
      onProblem: (problem) => this.#onProblem(problem),
    })
    this.#delivery = new Delivery({
      name: settings.name,
      sink: options.sink ?? createSink(settings),
      next: createSelection(
        (maxRecords, maxBytes) => this.#note(follower.next(maxRecords, maxBytes)),
        createFilter(settings.filter, settings.persons),
      ),
      render: createRenderer(settings.format),
      state,
      lost: () => this.#lost,
      stateFile: stateFile(folder, settings.name),
      refusedFile: refusedFile(folder, settings.name),
      batchEvents: settings.batchEvents,
      batchBytes: settings.batchBytes,
      batchMs: settings.batchMs,
      log,
      onChange,
      ...(backoff === undefined ? {} : { backoff }),
      ...(nowMs === undefined ? {} : { nowMs }),
    })
  }

  notify(): void {
    this.#delivery.notify()
  }

  checkpoint(note: CheckpointNote): void {
    this.#delivery.checkpoint(note)
  }

  status(): SinkStatus {
    const { name, kind } = this.#options.settings
    const { streams, delivered, retried, leftOut, setAside, deliveredAt, failure } = this.#delivery.state
    const places = new Map([
      ...this.#begun,
      ...Object.entries(streams).map(([stream, { seq }]) => [stream, seq] as const),
    ])
    const behind = [...places].map(([stream, seq]) => (this.#options.durable(stream) ?? seq) - seq)
    const behindEvents = behind.reduce((sum, count) => sum + Math.max(0, count), 0)
    const nowMs = (this.#options.nowMs ?? Date.now)()
    const since = this.#oldest ?? failure?.since ?? null
    const ageMs = behindEvents === 0 || since === null ? 0 : nowMs - Date.parse(since)
    const behindSeconds = Math.max(0, Math.round(ageMs / 1000)) || 0
    return {
      name,
      kind,
      behindEvents,
      behindSeconds,
      delivered,
      retried,
      leftOut,
      setAside,
      lost: this.#lost,
      deliveredAt,
      failure,
    }
  }

  /** For a sink that is taken from the list or changed: nothing more is begun. */
  leave(): Promise<void> {
    return this.#delivery.leave()
  }

  stop(): Promise<void> {
    return this.#delivery.stop()
  }

  /** Also of what is not read yet, because a checkpoint waits before it, it is known how much it is. */
  #begin({ streams }: SinkState): void {
    const { dir, stream: own } = this.#options
    for (const { stream, firstSeq } of listSegments(dir)) {
      if (streams[stream] === undefined && !this.#begun.has(stream)) this.#begun.set(stream, firstSeq - 1)
    }
    if (own !== undefined && streams[own] === undefined && !this.#begun.has(own)) this.#begun.set(own, 0)
  }

  #note(records: FollowedRecord[]): FollowedRecord[] {
    this.#oldest = records[0]?.time ?? null
    for (const { stream, cursor } of records) {
      if (!this.#begun.has(stream)) this.#begun.set(stream, cursor.seq - 1)
    }
    return records
  }

  #loadState(): SinkState {
    const { settings, folder, dir, durable, log } = this.#options
    const file = stateFile(folder, settings.name)
    const read = readState(file)
    if (read.kind === 'state') return read.state
    if (read.kind === 'broken') {
      setStateAside(file)
      log.error({ sink: settings.name, file }, 'audit.sink-state-broken')
      // From the start, whatever `from` says: sending twice is better than not at all.
      return NEW_STATE
    }
    return settings.from === 'now' ? { ...NEW_STATE, streams: endOf(dir, durable) } : NEW_STATE
  }

  #onProblem(problem: FollowProblem): void {
    const { settings, log } = this.#options
    switch (problem.kind) {
      case 'lost':
        this.#lost += problem.lines
        log.error(
          { sink: settings.name, stream: problem.stream, lost: problem.lines, detail: problem.why },
          'audit.sink-lost',
        )
        break
      case 'changed':
        log.warn({ sink: settings.name, file: problem.file }, 'audit.sink-file-changed')
        break
      case 'bad-line':
        // Once is enough: `weir audit verify` names each of them.
        this.#badLines++
        if (this.#badLines === 1) log.warn({ sink: settings.name, file: problem.file }, 'audit.sink-bad-line')
        break
    }
  }
}
