/** A name for the exact bytes of a set of rule files, for events and for "what was in force then". */
import { createHash } from 'node:crypto'

/** `sha256:` + hex over the names and texts of the files; their order does not matter. */
export function revisionOf(files: readonly { readonly file: string; readonly text: string }[]): string {
  const hash = createHash('sha256')
  for (const { file, text } of files.toSorted((a, b) => (a.file < b.file ? -1 : 1))) {
    // Lengths go in too, so that no text can pass for another file.
    hash.update(`${Buffer.byteLength(file)} ${Buffer.byteLength(text)}\n${file}\n${text}\n`)
  }
  return `sha256:${hash.digest('hex')}`
}
