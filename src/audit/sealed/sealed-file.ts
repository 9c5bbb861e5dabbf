/**
 * The sealed texts on disk: `sealed/<UTC day>.jsonl`, one line each, apart from the events, so that they can expire and
 * be erased by themselves. Each line stands under a second lock, the key of the person it is about: whoever has the
 * file and all auditors' keys still has to ask the proxy, which records it, and what is erased for a person cannot be
 * read by anybody.
 */
import { hash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from '../../domain/client.ts'
import type { Clock, Logger, SealPort, SealRequest } from '../../flow/ports.ts'
import { type SealedTo, sealContent } from './seal-content.ts'

/** The lock of a person; his key store opens it again, until he is erased. */
export interface PersonLock {
  /** Resolves once the key is durable that opens it. */
  readonly lock: (client: Client, text: string) => Promise<{ readonly who: string | null; readonly locked: string }>
}

/** One line of the file. */
export interface SealedLine {
  readonly v: 1
  readonly flow: string
  readonly part: 'request' | 'response'
  /** RFC 3339. */
  readonly time: string
  /** Pseudonym whose key opens `locked`; `null`: records name nobody here, and it is not locked twice. */
  readonly who: string | null
  readonly locked: string
}

export interface SealerOptions {
  /** Folder of the event files; the sealed ones are in `sealed` below it. */
  readonly dir: string
  readonly to: SealedTo
  readonly maxBytes: number
  readonly lock: PersonLock
  readonly clock: Pick<Clock, 'nowIso'>
  readonly log: Logger
}

export interface Sealer extends SealPort {
  /** Finish what is under way and close the file. */
  readonly close: () => Promise<void>
}

/** Texts that wait for the disk or for encryption; beyond it a text is not sealed, and its event says so. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024

export const sealedFolder = (dir: string): string => join(dir, 'sealed')

/** `day`: `2026-11-23`. */
export const sealedFile = (dir: string, day: string): string => join(sealedFolder(dir), `${day}.jsonl`)

/** Open the sealed files for writing. Makes the folder; throws when it cannot. */
export function createSealer(options: SealerOptions): Sealer {
  mkdirSync(sealedFolder(options.dir), { recursive: true, mode: 0o700 })
  return new FileSealer(options)
}

class FileSealer implements Sealer {
  readonly maxBytes: number
  readonly #options: SealerOptions
  #waitingBytes = 0
  #day = ''
  #file: FileHandle | null = null
  /** One write at a time, in order. */
  #writing: Promise<unknown> = Promise.resolve()

  constructor(options: SealerOptions) {
    this.#options = options
    this.maxBytes = options.maxBytes
  }

  seal = async (request: SealRequest): ReturnType<SealPort['seal']> => {
    const { part, flow, text } = request
    const { log } = this.#options
    if (this.#waitingBytes + text.length > MAX_WAITING_BYTES) {
      log.error({ flow, part }, 'audit.seal-over-capacity')
      return { part, digest: null }
    }
    this.#waitingBytes += text.length
    try {
      const line = JSON.stringify(await this.#lineOf(request))
      await this.#append(line)
      return { part, digest: hash('sha256', line, 'hex') }
    } catch (error) {
      log.error({ flow, part, err: error }, 'audit.seal-failed')
      return { part, digest: null }
    } finally {
      this.#waitingBytes -= text.length
    }
  }

  close = async (): Promise<void> => {
    await this.#writing
    await this.#file?.close()
    this.#file = null
  }

  async #lineOf({ flow, part, contentType, isCut, text, client }: SealRequest): Promise<SealedLine> {
    const { to, lock, clock } = this.#options
    const sealed = await sealContent({ flow, part, contentType, isCut }, text, to)
    return { v: 1, flow, part, time: clock.nowIso(), ...(await lock.lock(client, JSON.stringify(sealed))) }
  }

  #append(line: string): Promise<void> {
    const written = this.#writing.then(() => this.#write(line))
    this.#writing = written.catch(() => this.#forgetFile())
    return written
  }

  async #write(line: string): Promise<void> {
    const file = await this.#fileOf(this.#options.clock.nowIso().slice(0, 10))
    await file.write(`${line}\n`)
    await file.datasync()
  }

  async #fileOf(day: string): Promise<FileHandle> {
    if (this.#file !== null && this.#day === day) return this.#file
    await this.#file?.close()
    const file = await open(sealedFile(this.#options.dir, day), 'a+', 0o600)
    this.#file = file
    this.#day = day
    const { size } = await file.stat()
    const last = Buffer.alloc(1)
    if (size > 0) await file.read(last, 0, 1, size - 1)
    // What a killed process left half written becomes a line of its own, which readers pass over.
    if (size > 0 && last[0] !== NEWLINE) await file.write('\n')
    return file
  }

  /** After a failed sync nothing is known of the descriptor: the next text opens the file anew. */
  async #forgetFile(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close().catch(() => undefined)
  }
}

const NEWLINE = 10
