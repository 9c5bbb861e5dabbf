/**
 * Makes one group of lines durable: the personal file is written first, then the chained one, and both are synced side
 * by side in the thread pool. The event loop never waits for the disk. After an error the next try goes back to the last durable offset, so that a
 * half-written group leaves nothing behind.
 */
import * as nodeFs from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Segment, segmentOf } from './segments.ts'
import type { StreamTail } from './tail-repair.ts'

/** The file calls it needs; tests hand in ones that fail. */
export interface FileCalls {
  readonly open: (path: string, flags: number, mode: number) => Promise<number>
  /** Resolves with the number of bytes written, which may be fewer than asked. */
  readonly write: (fd: number, bytes: Buffer, from: number, length: number, position: number) => Promise<number>
  readonly fdatasync: (fd: number) => Promise<void>
  readonly ftruncate: (fd: number, length: number) => Promise<void>
  readonly fsync: (fd: number) => Promise<void>
  readonly close: (fd: number) => Promise<void>
}

/** The real ones. `fs.promises` would cost several objects and hops more per call. */
export const FILE_CALLS: FileCalls = {
  open: promisify(nodeFs.open),
  write: (fd, bytes, from, length, position) =>
    new Promise((resolve, reject) => {
      nodeFs.write(fd, bytes, from, length, position, (error, written) => {
        if (error === null) resolve(written)
        else reject(error)
      })
    }),
  fdatasync: promisify(nodeFs.fdatasync),
  ftruncate: promisify(nodeFs.ftruncate),
  fsync: promisify(nodeFs.fsync),
  close: promisify(nodeFs.close),
}

/** As large as a group under load: a disk with one free block must not count as recovered. */
const PROBE_BYTES = 65_536
const { O_CREAT, O_DSYNC, O_RDONLY, O_WRONLY } = nodeFs.constants

/** The lines of one group. */
export interface LineGroup {
  readonly firstSeq: number
  readonly events: Buffer
  /** Empty when no event of the group has a client. */
  readonly personal: Buffer
  /** UTC day of its first event, `2026-11-22`; a segment ends when a group of a later day comes. Empty: by size only. */
  readonly day: string
}

interface OpenFile {
  readonly path: string
  readonly flags: number
  fd: number
  /** Everything before it is durable. */
  durable: number
}

export interface GroupWriterOptions {
  readonly dir: string
  readonly stream: string
  readonly segmentBytes: number
  readonly tail: StreamTail
  readonly calls: FileCalls
  /**
   * The chained file is opened with O_DSYNC: write and fdatasync in one hop through the thread pool, at less processor
   * time (measured on ext4). Default: on Linux, where it means the same; else write, then fdatasync.
   */
  readonly syncsOnWrite?: boolean
  /** Called when a segment was closed and the next one is open. Must not throw. */
  readonly onRotate?: () => void
}

/** Writes the groups of one stream, one at a time, and starts a new segment when one is full. */
export class GroupWriter {
  readonly #dir: string
  readonly #stream: string
  readonly #segmentBytes: number
  readonly #calls: FileCalls
  readonly #syncsOnWrite: boolean
  readonly #eventFlags: number
  #events: OpenFile | null = null
  #personal: OpenFile | null = null
  #tail: StreamTail | null
  #isDoubtful = false
  /** UTC day of the open segment's first event; empty: it has none yet. */
  #day: string
  readonly #onRotate: () => void

  constructor(options: GroupWriterOptions) {
    this.#dir = options.dir
    this.#stream = options.stream
    this.#segmentBytes = options.segmentBytes
    this.#calls = options.calls
    this.#tail = options.tail
    this.#day = options.tail.day
    this.#onRotate = options.onRotate ?? (() => undefined)
    this.#syncsOnWrite = options.syncsOnWrite ?? process.platform === 'linux'
    this.#eventFlags = O_CREAT | O_WRONLY | (this.#syncsOnWrite ? O_DSYNC : 0)
  }

  /** Resolves once the group is on disk. On rejection nothing of it counts: hand it in again or drop it. */
  async commit(group: LineGroup): Promise<void> {
    try {
      const [events, personal] = await this.#filesFor(group)
      // Written first, so that a killed process leaves no chained line without its person.
      await this.#writeAll(personal, group.personal)
      const synced = group.personal.length === 0 ? null : this.#calls.fdatasync(personal.fd)
      // Both are awaited even when one fails: a write still under way would race with going back.
      const results = await Promise.allSettled([synced, this.#writeDurably(events, group.events)])
      for (const result of results) if (result.status === 'rejected') throw result.reason
      events.durable += group.events.length
      personal.durable += group.personal.length
    } catch (error) {
      this.#isDoubtful = true
      throw error
    }
  }

  /** Resolves when a few bytes can be made durable in the folder; rejects with the reason when not. */
  async probe(): Promise<void> {
    const path = join(this.#dir, `.probe-${this.#stream}`)
    const fd = await this.#calls.open(path, O_CREAT | O_WRONLY, 0o600)
    try {
      await this.#writeAll({ path, flags: O_WRONLY, fd, durable: 0 }, Buffer.alloc(PROBE_BYTES))
      await this.#calls.fdatasync(fd)
      await this.#calls.ftruncate(fd, 0)
    } finally {
      await this.#calls.close(fd)
    }
  }

  async close(): Promise<void> {
    const open = [this.#events, this.#personal].filter((file) => file !== null)
    this.#events = null
    this.#personal = null
    await Promise.all(open.map(({ fd }) => this.#calls.close(fd)))
  }

  async #filesFor({ firstSeq, day }: LineGroup): Promise<[OpenFile, OpenFile]> {
    if (this.#tail !== null) await this.#openTail(this.#tail)
    if (this.#isDoubtful) await this.#goBack()
    const [events, personal] = [this.#events, this.#personal]
    if (events !== null && personal !== null && !this.#isFull(events, day)) {
      if (this.#day === '') this.#day = day
      return [events, personal]
    }
    const files = await this.#openSegment(segmentOf(this.#dir, this.#stream, firstSeq), 0, 0)
    this.#day = day
    if (events !== null) this.#onRotate()
    return files
  }

  /** A day before the segment's, as after a clock that was set back, does not end it. */
  #isFull({ durable }: OpenFile, day: string): boolean {
    return durable >= this.#segmentBytes || (durable > 0 && this.#day !== '' && day > this.#day)
  }

  async #openTail(tail: StreamTail): Promise<void> {
    if (tail.segment !== null) await this.#openSegment(tail.segment, tail.eventBytes, tail.personalBytes)
    this.#tail = null
  }

  async #openSegment(segment: Segment, eventBytes: number, personalBytes: number): Promise<[OpenFile, OpenFile]> {
    const personal = await this.#openFile(segment.personal, O_CREAT | O_WRONLY, personalBytes)
    try {
      const events = await this.#openFile(segment.events, this.#eventFlags, eventBytes)
      await this.close()
      this.#events = events
      this.#personal = personal
      // Without this a power cut could lose the new names, and with them synced lines.
      await this.#syncFolder()
      return [events, personal]
    } catch (error) {
      if (this.#personal !== personal) await this.#calls.close(personal.fd)
      throw error
    }
  }

  async #openFile(path: string, flags: number, durable: number): Promise<OpenFile> {
    return { path, flags, fd: await this.#calls.open(path, flags, 0o600), durable }
  }

  async #syncFolder(): Promise<void> {
    const fd = await this.#calls.open(this.#dir, O_RDONLY, 0)
    try {
      await this.#calls.fsync(fd)
    } finally {
      await this.#calls.close(fd)
    }
  }

  /**
   * Cut both files back to what is durable. They are opened anew, because after a failed sync the kernel may call the
   * next sync of the same descriptor a success although the pages were dropped.
   */
  async #goBack(): Promise<void> {
    for (const file of [this.#events, this.#personal]) {
      if (file === null) continue
      const stale = file.fd
      file.fd = await this.#calls.open(file.path, file.flags, 0o600)
      await this.#calls.close(stale)
      await this.#calls.ftruncate(file.fd, file.durable)
    }
    this.#isDoubtful = false
  }

  async #writeDurably(file: OpenFile, bytes: Buffer): Promise<void> {
    await this.#writeAll(file, bytes)
    if (!this.#syncsOnWrite) await this.#calls.fdatasync(file.fd)
  }

  async #writeAll(file: OpenFile, bytes: Buffer): Promise<void> {
    let done = 0
    while (done < bytes.length) {
      const written = await this.#calls.write(file.fd, bytes, done, bytes.length - done, file.durable + done)
      if (written === 0) throw new Error(`audit: \`${file.path}\` takes no more bytes`)
      done += written
    }
  }
}
