/**
 * Undoes zstd to its last frame: Node's own decoder ends silently behind the first one when the next begins in the same
 * chunk, and RFC 8878 section 3.1 allows many. What stands behind it would be lost, and its end taken for the body's.
 */
import { Transform, type TransformCallback } from 'node:stream'
import { createZstdDecompress, type ZstdDecompress } from 'node:zlib'

export const createZstdDecoder = (): Transform => new ZstdDecoder()

class ZstdDecoder extends Transform {
  /** Of the frame under way, and of those that begin at a chunk's beginning. */
  #frame = this.#open()

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    const frame = this.#frame
    const before = frame.bytesWritten
    frame.write(chunk, () => {
      const used = frame.bytesWritten - before
      const goOn = (): void => this.#goOn(chunk.subarray(used), used, done)
      if (used >= chunk.length) done()
      else if (frame.readableEnded) goOn()
      else frame.once('end', goOn)
    })
  }

  override _flush(done: TransformCallback): void {
    this.#frame.once('end', () => done())
    this.#frame.end()
  }

  override _read(size: number): void {
    this.#frame.resume()
    super._read(size)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#frame.destroy()
    done(error)
  }

  /** Behind the end of a frame. */
  #goOn(rest: Buffer, used: number, done: TransformCallback): void {
    this.#frame.destroy()
    if (used === 0) {
      done(new Error('no zstd'))
      return
    }
    this.#frame = this.#open()
    this._transform(rest, 'binary', done)
  }

  #open(): ZstdDecompress {
    const frame = createZstdDecompress()
    frame.on('data', (bytes: Buffer) => {
      if (!this.push(bytes)) frame.pause()
    })
    frame.on('error', (error) => this.destroy(error))
    return frame
  }
}
