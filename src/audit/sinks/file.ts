/**
 * A copy of the records in a second place, such as another disk or a mounted share. Synced before it counts. Every
 * operation is awaited before the next begins: a share that hangs holds up this sink and nothing else.
 */
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { FileSettings } from './settings.ts'
import { DELIVERED, retry, type SendResult, type Sink, type SinkMessage } from './sink.ts'

const NEWLINE = 10
const STEP_BYTES = 65_536

export const createFileSink = (settings: FileSettings): Sink => new FileSink(settings)

class FileSink implements Sink {
  readonly #settings: FileSettings
  #handle: FileHandle | null = null
  #size = 0

  constructor(settings: FileSettings) {
    this.#settings = settings
  }

  send = async (batch: readonly SinkMessage[]): Promise<SendResult> => {
    const bytes = Buffer.from(batch.map(({ text }) => `${text}\n`).join(''))
    try {
      this.#handle ??= await this.#open()
      if (this.#size > 0 && this.#size + bytes.length > this.#settings.maxBytes) await this.#rotate()
      await this.#handle.appendFile(bytes)
      await this.#handle.datasync()
      this.#size += bytes.length
      return DELIVERED
    } catch (error) {
      await this.close()
      return retry(error)
    }
  }

  close = async (): Promise<void> => {
    const handle = this.#handle
    this.#handle = null
    // It may be what failed.
    await handle?.close().catch(() => undefined)
  }

  /** A write that was cut short left a part of a line, which is not a record: it goes, its record comes again. */
  async #open(): Promise<FileHandle> {
    const { file } = this.#settings
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const handle = await open(file, 'a+', 0o600)
    try {
      const { size } = await handle.stat()
      this.#size = await endOfLines(handle, size)
      if (this.#size < size) await handle.truncate(this.#size)
      return handle
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async #rotate(): Promise<void> {
    const { file, keep } = this.#settings
    await this.close()
    const taken = await readdir(dirname(file))
    await rename(file, join(dirname(file), asideName(basename(file), new Date(), taken)))
    if (keep !== null) await this.#removeOldest(keep)
    this.#handle = await this.#open()
  }

  async #removeOldest(keep: number): Promise<void> {
    const folder = dirname(this.#settings.file)
    const aside = (await readdir(folder)).filter((name) => isAside(name, basename(this.#settings.file))).sort()
    for (const name of aside.slice(0, Math.max(0, aside.length - keep))) await rm(join(folder, name))
  }
}

/** `<name>.20261123T101500Z-001`: sorts by age, also where the clock was set back meanwhile. */
export function asideName(name: string, now: Date, taken: readonly string[]): string {
  const own = `${name}.${now.toISOString().replace(/[-:]/gu, '').slice(0, 15)}Z-`
  const newest = taken.filter((other) => isAside(other, name)).map((other) => other.slice(0, own.length))
  const stamp = newest.reduce((latest, each) => (each > latest ? each : latest), own)
  // Behind all of the same second, also when the first of them is removed by now.
  const numbers = taken.flatMap((other) => (other.startsWith(stamp) ? [Number(other.slice(stamp.length)) || 0] : []))
  return `${stamp}${String(Math.max(0, ...numbers) + 1).padStart(3, '0')}`
}

const isAside = (name: string, of: string): boolean =>
  name.startsWith(`${of}.`) && /^\d{8}T\d{6}Z-\d{3,}$/u.test(name.slice(of.length + 1))

/** Just behind the last line break; 0 when there is none. */
async function endOfLines(handle: FileHandle, size: number): Promise<number> {
  for (let to = size; to > 0; to -= STEP_BYTES) {
    const from = Math.max(0, to - STEP_BYTES)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(to - from), 0, to - from, from)
    const at = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE)
    if (at !== -1) return from + at + 1
  }
  return 0
}
