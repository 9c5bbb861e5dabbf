/** Puts pieces of bytes together in steps: fresh memory costs a millisecond for each one or two MiB. */
import { Buffer } from 'node:buffer'
import type { StepwiseWork, WorkTurns } from '../domain/work-turns.ts'

/** Copied without a stop, where it is not so many pieces. */
const STRETCH_BYTES = 262_144
/** A piece counts as so many bytes at least, for each takes its time. */
const PIECE_BYTES = 256
/** Up to here everything is copied at once. */
export const QUICK_BYTES = 1_048_576

/** All bytes of `pieces`, which are let go one by one: the array is empty then. In a buffer of their own. */
export function* gathering(pieces: Uint8Array[]): StepwiseWork<Buffer<ArrayBuffer>> {
  const whole = Buffer.allocUnsafeSlow(pieces.reduce((sum, { length }) => sum + length, 0))
  let filled = 0
  let stretch = 0
  for (let index = 0; index < pieces.length; index += 1) {
    const piece = pieces[index] ?? NOTHING
    pieces[index] = NOTHING
    for (let at = 0; at < piece.length; ) {
      const room = STRETCH_BYTES - stretch
      const part = at === 0 && piece.length <= room ? piece : piece.subarray(at, at + room)
      whole.set(part, filled)
      at += part.length
      filled += part.length
      stretch += Math.max(part.length, PIECE_BYTES)
      if (stretch < STRETCH_BYTES) continue
      stretch = 0
      yield
    }
  }
  pieces.length = 0
  return whole
}

const NOTHING = new Uint8Array(0)

/** The same in turns where it takes long; the only piece itself where there is one. Takes the pieces away. */
export function gathered(pieces: Uint8Array[], turns: WorkTurns | undefined): Uint8Array | Promise<Uint8Array> {
  const [only] = pieces
  if (pieces.length === 1 && only !== undefined) return only
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  if (turns === undefined || length <= QUICK_BYTES) return Buffer.concat(pieces.splice(0), length)
  return turns.run(gathering(pieces))
}
