/**
 * The commit log of a stream, `commit-<stream>.wal`: a file of fixed size, filled with zeros when it is made. A write to
 * blocks that are there already is durable without the file system writing about it, which takes about half the time of
 * appending durably to two files. Its two halves are filled in turn; when one may be written over is its user's affair.
 */
import { constants } from 'node:fs'
import { join } from 'node:path'
import { type FileCalls, syncFolder, writeFully } from './file-calls.ts'
import { entrySize, frameEntry, halfOf, type LogEntry, PAGE_BYTES } from './log-entry.ts'

/** Size of a new log: thousands of small groups until a half is full. */
export const LOG_BYTES = 8 * 1024 * 1024
/** A file of another size is none that was finished. Small ones are for tests. */
export const isLogSize = (bytes: number): boolean =>
  bytes >= 2 * PAGE_BYTES && bytes <= LOG_BYTES && bytes % (2 * PAGE_BYTES) === 0

const STEP_BYTES = 1024 * 1024
const { O_CREAT, O_DSYNC, O_WRONLY } = constants

/** Path of a stream's log. */
export const logPath = (dir: string, stream: string): string => join(dir, `commit-${stream}.wal`)

export interface CommitLogOptions {
  readonly dir: string
  readonly stream: string
  readonly calls: FileCalls
  /** Open with O_DSYNC: write and fdatasync in one hop through the thread pool. */
  readonly syncsOnWrite: boolean
}

/** Make the file, zeros to its end and durable, and open it. Rejects with I/O errors; what was begun is then removed. */
export async function makeCommitLog(options: CommitLogOptions): Promise<CommitLog> {
  const { dir, stream, calls } = options
  const path = logPath(dir, stream)
  try {
    const fd = await calls.open(path, O_CREAT | O_WRONLY, 0o600)
    try {
      await writeZeros(calls, { path, fd }, 0, LOG_BYTES)
      await calls.fsync(fd)
    } finally {
      await calls.close(fd)
    }
    await syncFolder(calls, dir)
  } catch (error) {
    await calls.remove(path).catch(() => undefined) // a start removes what has not its full size
    throw error
  }
  return openCommitLog(options, LOG_BYTES)
}

/** Open a log that is there, holds nothing that counts, and has this size. */
export async function openCommitLog(options: CommitLogOptions, bytes: number): Promise<CommitLog> {
  const path = logPath(options.dir, options.stream)
  const fd = await options.calls.open(path, O_WRONLY | (options.syncsOnWrite ? O_DSYNC : 0), 0o600)
  return new CommitLog({ ...options, path, fd, bytes })
}

interface Half {
  readonly from: number
  readonly end: number
  /** Behind the last entry that counts. */
  at: number
  /** Behind everything ever written. */
  used: number
}

/** One write at a time. Methods reject with I/O errors. */
export class CommitLog {
  readonly #options: CommitLogOptions & { readonly path: string; readonly fd: number }
  readonly #halves: readonly [Half, Half]
  #half: Half
  /** Grows with the largest entry so far. */
  #scratch = Buffer.alloc(PAGE_BYTES)

  constructor(options: CommitLogOptions & { readonly path: string; readonly fd: number; readonly bytes: number }) {
    const middle = halfOf(options.bytes)
    this.#options = options
    this.#halves = [
      { from: 0, end: middle, at: 0, used: 0 },
      { from: middle, end: options.bytes, at: middle, used: middle },
    ]
    this.#half = this.#halves[0]
  }

  /** Bytes of the largest entry that it can take. */
  get room(): number {
    return this.#halves[0].end
  }

  /** Is there room left for the entry in this half? */
  fits(entry: Pick<LogEntry, 'personal' | 'events'>): boolean {
    return this.#half.at + entrySize(entry) <= this.#half.end
  }

  /** Go to the beginning of the other half, whose entries are written over from now on. */
  turn(): void {
    const [first, second] = this.#halves
    this.#half = this.#half === first ? second : first
    this.#half.at = this.#half.from
  }

  /** Make an entry durable. It counts when it is kept; else the next one is written over it. */
  async write(entry: LogEntry): Promise<void> {
    const size = entrySize(entry)
    if (this.#scratch.length < size) this.#scratch = Buffer.alloc(size)
    const half = this.#half
    half.used = Math.max(half.used, half.at + size)
    await this.#writeDurably(frameEntry(this.#scratch, entry), half.at)
  }

  keep(entry: Pick<LogEntry, 'personal' | 'events'>): void {
    this.#half.at += entrySize(entry)
  }

  /** Undo a write that was not kept, so that no start takes it for one that was. */
  async dropLast(): Promise<void> {
    const { at, end } = this.#half
    if (at < end) await this.#writeDurably(Buffer.alloc(PAGE_BYTES), at)
  }

  /** Zeros over everything that was written: nothing counts any more, and nothing can be read. */
  async wipe(): Promise<void> {
    for (const half of this.#halves) {
      await writeZeros(this.#options.calls, this.#options, half.from, half.used)
      half.at = half.from
      half.used = half.from
    }
    this.#half = this.#halves[0]
    await this.#options.calls.fdatasync(this.#options.fd)
  }

  close(): Promise<void> {
    return this.#options.calls.close(this.#options.fd)
  }

  /** Delete and close it, for good when this resolves; after an error it can be tried again. */
  async remove(): Promise<void> {
    const { calls, dir, path } = this.#options
    await calls.remove(path)
    await syncFolder(calls, dir)
    await this.close()
  }

  async #writeDurably(bytes: Buffer, position: number): Promise<void> {
    const { calls, fd, syncsOnWrite } = this.#options
    await writeFully(calls, this.#options, bytes, position)
    if (!syncsOnWrite) await calls.fdatasync(fd)
  }
}

async function writeZeros(
  calls: FileCalls,
  file: { readonly path: string; readonly fd: number },
  from: number,
  end: number,
): Promise<void> {
  const zeros = Buffer.alloc(Math.min(STEP_BYTES, end - from))
  for (let at = from; at < end; at += zeros.length) {
    await writeFully(calls, file, zeros.subarray(0, Math.min(zeros.length, end - at)), at)
  }
}
