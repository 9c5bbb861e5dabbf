/** Writes a zip file as a stream, one member after another, and knows size and SHA-256 of each. No half file keeps the name. */
import { createHash, randomBytes } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { link, open, rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { ZipFile } from 'yazl'

export interface PackFile {
  /** Path inside the pack. */
  readonly name: string
  /** Bytes, unpacked. */
  readonly size: number
  /** Hex. */
  readonly sha256: string
}

export interface ZipPack {
  /** Add a member and wait until it is written. Rejects with I/O errors, its own and those of `chunks`. */
  readonly add: (name: string, chunks: Iterable<string | Uint8Array>) => Promise<PackFile>
  /** Write the directory and give the file its name. */
  readonly finish: () => Promise<void>
  /** Remove what was written so far. */
  readonly abandon: () => Promise<void>
}

/** Text is gathered to pieces of this size before it is compressed. */
const PIECE_BYTES = 256 * 1024

/**
 * Begin a pack beside `file`; it gets that name when it is whole. `mtime`: the time that all members carry, so that
 * the same content gives the same bytes. `isForced`: an existing file is replaced. Rejects with I/O errors.
 */
export async function createZipPack(
  file: string,
  { mtime, isForced }: { readonly mtime: Date; readonly isForced: boolean },
): Promise<ZipPack> {
  // Said before an hour of work, not after it; the name is taken for good only at the end.
  if (!isForced && existsSync(file)) throw Object.assign(new Error(`\`${file}\` is there already`), { code: 'EEXIST' })
  const aside = `${file}.${randomBytes(6).toString('hex')}.part`
  const handle = await open(aside, 'wx', 0o600)
  const zip = new ZipFile()
  const output = createWriteStream(aside, { fd: handle, flush: true })
  zip.outputStream.pipe(output)
  const failure = new Promise<never>((_, reject) => {
    zip.on('error', reject)
    output.on('error', reject)
  })
  // Handled where somebody waits; nobody may.
  failure.catch(() => undefined)
  const add: ZipPack['add'] = async (name, chunks) => {
    const hash = createHash('sha256')
    let size = 0
    const measured = measure(gathered(chunks), (bytes) => {
      hash.update(bytes)
      size += bytes.length
    })
    const stream = Readable.from(measured, { objectMode: false, highWaterMark: PIECE_BYTES })
    zip.addReadStream(stream, name, { mtime, mode: 0o100644, forceDosTimestamp: true })
    await Promise.race([finished(stream), failure])
    return { name, size, sha256: hash.digest('hex') }
  }
  const abandon = async (): Promise<void> => {
    output.destroy()
    await rm(aside, { force: true })
  }
  const finish = async (): Promise<void> => {
    zip.end()
    await Promise.race([finished(output), failure])
    await name(aside, file, isForced)
  }
  return { add, finish, abandon }
}

/** Without force the name is taken only when it is free, also when two run at once. */
async function name(aside: string, file: string, isForced: boolean): Promise<void> {
  if (isForced) {
    await rename(aside, file)
    return
  }
  await link(aside, file)
  await rm(aside)
}

function* measure(chunks: Iterable<Buffer>, onBytes: (bytes: Buffer) => void): Generator<Buffer, void> {
  for (const chunk of chunks) {
    onBytes(chunk)
    yield chunk
  }
}

/** Lines one by one would cost more in the stream than in the compressor. */
function* gathered(chunks: Iterable<string | Uint8Array>): Generator<Buffer, void> {
  let text: string[] = []
  let length = 0
  const flush = (): Buffer => {
    const bytes = Buffer.from(text.join(''), 'utf8')
    text = []
    length = 0
    return bytes
  }
  for (const chunk of chunks) {
    if (typeof chunk === 'string') {
      text.push(chunk)
      length += chunk.length
      if (length >= PIECE_BYTES) yield flush()
    } else {
      if (length > 0) yield flush()
      yield Buffer.from(chunk)
    }
  }
  if (length > 0) yield flush()
}
