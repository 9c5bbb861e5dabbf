/**
 * The table behind the frames of a compressed audit file: how long each frame is, compressed and as text. It is a
 * skippable frame as the Zstandard Seekable Format describes it (github.com/facebook/zstd, contrib/seekable_format), so
 * that `zstd` and `zstdcat` read such a file like any other. Pure.
 */

const SKIPPABLE_MAGIC = 0x18_4d_2a_5e
const SEEKABLE_MAGIC = 0x8f_92_ea_b1
const SKIPPABLE_HEADER_BYTES = 8
const ENTRY_BYTES = 8
/** Frames, descriptor, magic: the last bytes of the file. */
export const TABLE_FOOTER_BYTES = 9
/** A table as long as this describes more than 500 GiB of text; a longer one is damage. */
export const MAX_TABLE_BYTES = 16 * 1024 * 1024
/** Text of one frame at most: an audit line never comes near it. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024

export interface FrameSize {
  readonly fileBytes: number
  readonly textBytes: number
}

export interface SeekTable {
  /** Where each frame begins in the file, and its text in the text. */
  readonly fileStarts: readonly number[]
  readonly textStarts: readonly number[]
  /** Of all frames. */
  readonly fileBytes: number
  readonly textBytes: number
}

/** The bytes to put behind the frames. */
export function encodeSeekTable(frames: readonly FrameSize[]): Buffer {
  const content = frames.length * ENTRY_BYTES + TABLE_FOOTER_BYTES
  const bytes = Buffer.alloc(SKIPPABLE_HEADER_BYTES + content)
  let at = bytes.writeUInt32LE(SKIPPABLE_MAGIC)
  at = bytes.writeUInt32LE(content, at)
  for (const { fileBytes, textBytes } of frames) {
    at = bytes.writeUInt32LE(fileBytes, at)
    at = bytes.writeUInt32LE(textBytes, at)
  }
  at = bytes.writeUInt32LE(frames.length, at)
  bytes.writeUInt32LE(SEEKABLE_MAGIC, at + 1)
  return bytes
}

/** Length of the table that ends in this footer; `null`: that is no footer of ours. */
export function tableBytes(footer: Uint8Array): number | null {
  if (footer.length !== TABLE_FOOTER_BYTES) return null
  const view = new DataView(footer.buffer, footer.byteOffset, footer.length)
  // A descriptor other than 0 means checksums in the table, which we do not write: the frames have their own.
  if (view.getUint32(5, true) !== SEEKABLE_MAGIC || view.getUint8(4) !== 0) return null
  return SKIPPABLE_HEADER_BYTES + view.getUint32(0, true) * ENTRY_BYTES + TABLE_FOOTER_BYTES
}

/** Read a table of the length that `tableBytes` gave; `null` when it contradicts itself. */
export function decodeSeekTable(bytes: Uint8Array): SeekTable | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const content = bytes.length - SKIPPABLE_HEADER_BYTES
  if (content < TABLE_FOOTER_BYTES || view.getUint32(0, true) !== SKIPPABLE_MAGIC) return null
  if (view.getUint32(4, true) !== content) return null
  const fileStarts: number[] = []
  const textStarts: number[] = []
  let fileBytes = 0
  let textBytes = 0
  for (let at = SKIPPABLE_HEADER_BYTES; at + ENTRY_BYTES + TABLE_FOOTER_BYTES <= bytes.length; at += ENTRY_BYTES) {
    fileStarts.push(fileBytes)
    textStarts.push(textBytes)
    fileBytes += view.getUint32(at, true)
    const length = view.getUint32(at + 4, true)
    if (length === 0 || length > MAX_FRAME_BYTES) return null
    textBytes += length
  }
  return { fileStarts, textStarts, fileBytes, textBytes }
}
