/**
 * Event files that cannot be read are set aside: named, and everybody goes on with the others. They are tried again each
 * time, so that a file which was brought back counts from then on.
 */
import { basename } from 'node:path'
import { UnreadableFile } from './segment-text.ts'

/** One file and what is wrong with it. */
export interface AsideFile {
  /** Its name without the folder, as it lies on disk. */
  readonly file: string
  readonly why: string
}

/** Keeps the names for one reader. */
export class SetAside {
  /** By the name that was asked for: a file may be unreadable in its compressed form. */
  readonly #files = new Map<string, AsideFile>()

  /** What `read` gives of `file`, or `null` when it is unreadable. Other errors are thrown on. */
  try<T>(file: string, read: () => T): T | null {
    try {
      const value = read()
      this.#files.delete(file)
      return value
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error
      this.#files.set(file, { file: basename(error.file), why: error.why })
      return null
    }
  }

  /** In the order in which they were met first. */
  get list(): readonly AsideFile[] {
    return [...this.#files.values()]
  }
}

/** One of them as people read it. */
export const asideLine = ({ file, why }: AsideFile): string => `\`${file}\` cannot be read: ${why}`

/** All of them in one sentence, for logs and health; `null`: nothing is wrong. */
export function asideText(files: readonly AsideFile[]): string | null {
  const [first] = files
  if (first === undefined) return null
  return files.length === 1
    ? asideLine(first)
    : `${asideLine(first)}; and ${files.length - 1} more: ${namesOf(files.slice(1))}`
}

const MOST_NAMES = 10

function namesOf(files: readonly AsideFile[]): string {
  const names = files.slice(0, MOST_NAMES).map(({ file }) => `\`${file}\``)
  return names.join(', ') + (files.length > MOST_NAMES ? ' …' : '')
}
