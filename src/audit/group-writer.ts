/**
 * Makes one group of lines durable: as one entry of the commit log, and at the same time, unsynced, at the ends of the
 * personal and the chained file. Files are synced later, before the log is written over. The event loop never waits for
 * the disk. After an error the next try first brings the files back to what was acknowledged, so that a half-written
 * group leaves nothing behind.
 */
import { constants } from 'node:fs'
import { join } from 'node:path'
import { type CommitLog, makeCommitLog, openCommitLog } from './commit-log.ts'
import { type FileCalls, syncFolder, writeFully } from './file-calls.ts'
import { entrySize, type LogEntry } from './log-entry.ts'
import { type Segment, segmentOf } from './segments.ts'
import type { StreamTail } from './tail-repair.ts'

/** As large as a group under load: a disk with one free block must not count as recovered. */
const PROBE_BYTES = 65_536
/** Larger groups go to the files alone: writing them twice would cost more than the log saves (measured). */
const DIRECT_BYTES = 256 * 1024
/** A writer of a few records, such as a command, needs no log: it is made after so many groups. */
const GROUPS_WITHOUT_LOG = 16
const { O_CREAT, O_WRONLY } = constants

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
  fd: number
  /** Behind the last group that was acknowledged. */
  end: number
}

export interface GroupWriterOptions {
  readonly dir: string
  readonly stream: string
  readonly segmentBytes: number
  readonly tail: StreamTail
  readonly calls: FileCalls
  /** The log is opened with O_DSYNC. Default: on Linux, where it means write and fdatasync; else both are called. */
  readonly syncsOnWrite?: boolean
  /** Called when a segment was closed and the next one is open. Must not throw. */
  readonly onRotate?: () => void
}

/** Writes the groups of one stream, one at a time, and starts a new segment when one is full. */
export class GroupWriter {
  readonly #options: GroupWriterOptions
  readonly #calls: FileCalls
  readonly #syncsOnWrite: boolean
  #events: OpenFile | null = null
  #personal: OpenFile | null = null
  #segmentSeq = 0
  #tail: StreamTail | null
  #log: CommitLog | null = null
  #making: Promise<void> | null = null
  #groupsWithoutLog = 0
  /** Groups of the log that the files may lose in a power cut, oldest first: at most the log's size. */
  #unsynced: LogEntry[] = []
  #syncing: Promise<void> | null = null
  #isDoubtful = false
  /** UTC day of the open segment's first event; empty: it has none yet. */
  #day: string
  readonly #onRotate: () => void

  constructor(options: GroupWriterOptions) {
    this.#options = options
    this.#calls = options.calls
    this.#tail = options.tail
    this.#day = options.tail.day
    this.#onRotate = options.onRotate ?? (() => undefined)
    this.#syncsOnWrite = options.syncsOnWrite ?? process.platform === 'linux'
  }

  /** Resolves once the group is on disk. On rejection nothing of it counts: hand it in again or drop it. */
  async commit(group: LineGroup): Promise<void> {
    try {
      const [events, personal] = await this.#filesFor(group)
      const entry: LogEntry = {
        ...{ segmentSeq: this.#segmentSeq, firstSeq: group.firstSeq },
        ...{ personal: group.personal, personalAt: personal.end, events: group.events, eventsAt: events.end },
      }
      const log = this.#log
      if (log === null || entrySize(entry) > Math.min(DIRECT_BYTES, log.room)) await this.#commitDirectly(entry)
      else await this.#commitByLog(log, entry)
      events.end += group.events.length
      personal.end += group.personal.length
    } catch (error) {
      this.#isDoubtful = true
      throw error
    }
    if (this.#log === null && ++this.#groupsWithoutLog === GROUPS_WITHOUT_LOG) this.#making ??= this.#makeLog()
  }

  /** Resolves when a few bytes can be made durable in the folder; rejects with the reason when not. */
  async probe(): Promise<void> {
    const path = join(this.#options.dir, `.probe-${this.#options.stream}`)
    const fd = await this.#calls.open(path, O_CREAT | O_WRONLY, 0o600)
    try {
      await writeFully(this.#calls, { path, fd }, Buffer.alloc(PROBE_BYTES), 0)
      await this.#calls.fdatasync(fd)
      await this.#calls.ftruncate(fd, 0)
    } finally {
      await this.#calls.close(fd)
    }
  }

  /** What the files may still lose stays in the log, for the next start. Rejects when files cannot be closed. */
  async close(): Promise<void> {
    await this.#making
    try {
      if (this.#isDoubtful) await this.#goBack()
      await this.#settle()
    } catch {
      // The disk takes nothing, and whoever committed was told. The log was not wiped, and a start reads it.
    }
    await this.#log?.close()
    this.#log = null
    await this.#closeFiles()
  }

  async #closeFiles(): Promise<void> {
    const open = [this.#events, this.#personal].filter((file) => file !== null)
    this.#events = null
    this.#personal = null
    await Promise.all(open.map(({ fd }) => this.#calls.close(fd)))
  }

  async #commitByLog(log: CommitLog, entry: LogEntry): Promise<void> {
    if (!log.fits(entry)) {
      // The half that comes next was left when this sync was begun.
      await this.#syncing
      if (this.#isDoubtful) throw new Error('audit: the files could not be synced')
      log.turn()
      this.#syncing = this.#syncInBackground()
    }
    await allDone([log.write(entry), this.#append(entry)])
    log.keep(entry)
    this.#unsynced.push(entry)
  }

  /** Both files are synced, and with them all groups before. */
  async #commitDirectly(entry: LogEntry): Promise<void> {
    await this.#append(entry)
    await this.#syncing
    await this.#sync()
  }

  /** Persons first: nobody who reads along, and no killed process, finds a chained line without its person. */
  async #append({ personal, personalAt, events, eventsAt }: LogEntry): Promise<void> {
    await this.#write(this.#personal, personal, personalAt)
    await this.#write(this.#events, events, eventsAt)
  }

  async #write(file: OpenFile | null, bytes: Buffer, at: number): Promise<void> {
    if (file !== null && bytes.length > 0) await writeFully(this.#calls, file, bytes, at)
  }

  async #sync(): Promise<void> {
    const count = this.#unsynced.length
    const open = [this.#events, this.#personal].filter((file) => file !== null)
    await allDone(open.map(({ fd }) => this.#calls.fdatasync(fd)))
    this.#unsynced.splice(0, count)
  }

  /** Does not reject: after a failure the next commit goes back, and fails when the disk still takes nothing. */
  #syncInBackground(): Promise<void> {
    return this.#sync().catch(() => {
      this.#isDoubtful = true
    })
  }

  /** Everything is in the files for good; the log is empty. */
  async #settle(): Promise<void> {
    await this.#syncing
    if (this.#isDoubtful) throw new Error('audit: the files could not be synced')
    if (this.#unsynced.length > 0) await this.#sync()
    try {
      await this.#log?.wipe()
    } catch {
      await this.#dropLog()
    }
  }

  async #makeLog(): Promise<void> {
    const { dir, stream } = this.#options
    try {
      this.#log = await makeCommitLog({ dir, stream, calls: this.#calls, syncsOnWrite: this.#syncsOnWrite })
    } catch {
      // As on a nearly full disk. Groups are durable without it, only later; the next segment brings another try.
    }
    this.#making = null
  }

  /** Go on without it, sure that no start reads what it holds: rejects when it can be neither written nor removed. */
  async #dropLog(): Promise<void> {
    await this.#log?.remove()
    this.#log = null
  }

  async #filesFor({ firstSeq, day }: LineGroup): Promise<[OpenFile, OpenFile]> {
    if (this.#tail !== null) await this.#openTail(this.#tail)
    if (this.#isDoubtful) await this.#goBack()
    const [events, personal] = [this.#events, this.#personal]
    if (events !== null && personal !== null && !this.#isFull(events, day)) {
      if (this.#day === '') this.#day = day
      return [events, personal]
    }
    await this.#settle()
    const files = await this.#openSegment(segmentOf(this.#options.dir, this.#options.stream, firstSeq), 0, 0)
    this.#day = day
    if (events !== null) {
      this.#groupsWithoutLog = 0
      this.#onRotate()
    }
    return files
  }

  /** A day before the segment's, as after a clock that was set back, does not end it. */
  #isFull({ end }: OpenFile, day: string): boolean {
    return end >= this.#options.segmentBytes || (end > 0 && this.#day !== '' && day > this.#day)
  }

  async #openTail({ segment, eventBytes, personalBytes, logBytes }: StreamTail): Promise<void> {
    if (segment !== null) await this.#openSegment(segment, eventBytes, personalBytes)
    this.#tail = null
    const { dir, stream } = this.#options
    if (logBytes === null) return
    this.#log = await openCommitLog({ dir, stream, calls: this.#calls, syncsOnWrite: this.#syncsOnWrite }, logBytes)
  }

  async #openSegment(segment: Segment, eventBytes: number, personalBytes: number): Promise<[OpenFile, OpenFile]> {
    const personal = await this.#openFile(segment.personal, personalBytes)
    try {
      const events = await this.#openFile(segment.events, eventBytes)
      await this.#closeFiles()
      this.#events = events
      this.#personal = personal
      this.#segmentSeq = segment.firstSeq
      // Without this a power cut could lose the new names, and with them synced lines.
      await syncFolder(this.#calls, this.#options.dir)
      return [events, personal]
    } catch (error) {
      if (this.#personal !== personal) await this.#calls.close(personal.fd)
      throw error
    }
  }

  async #openFile(path: string, end: number): Promise<OpenFile> {
    return { path, fd: await this.#calls.open(path, O_CREAT | O_WRONLY, 0o600), end }
  }

  /**
   * Bring both files back to what was acknowledged. They are opened anew and what is only in the log is written again,
   * because after a failed sync the kernel may call the next one of the same descriptor a success although the pages
   * were dropped. No reader sees them shorter than that.
   */
  async #goBack(): Promise<void> {
    await this.#syncing
    for (const file of [this.#events, this.#personal]) {
      if (file === null) continue
      const stale = file.fd
      file.fd = await this.#calls.open(file.path, O_CREAT | O_WRONLY, 0o600)
      await this.#calls.close(stale)
    }
    for (const entry of this.#unsynced) await this.#append(entry)
    for (const file of [this.#events, this.#personal]) if (file !== null) await this.#calls.ftruncate(file.fd, file.end)
    await this.#sync()
    try {
      await this.#log?.dropLast()
    } catch {
      await this.#dropLog()
    }
    this.#isDoubtful = false
  }
}

/** Waits for all, also when one fails: a write still under way would race with going back. */
async function allDone(under: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(under)) if (result.status === 'rejected') throw result.reason
}
