/**
 * Puts values back where their placeholders stand in a text that comes in pieces. Only a tail that may still become a
 * placeholder is held back. Every place of the text is looked at, and what was put in never again: a look-alike in front
 * of a placeholder (`WEIRAB` + placeholder) hides nothing, and a value may hold the prefix.
 */
import { jsonEscaped } from './json-text.ts'
import { isPlaceholderLetter, PLACEHOLDER_LETTERS } from './placeholder.ts'

/** What the restorers of one answer share. */
export interface RestoreBook {
  /** What placeholders begin with. */
  readonly prefix: string
  /** What this client's placeholder stands for; `null`: it is not known. */
  readonly valueOf: (placeholder: string) => string | null
  /** A value was put back. */
  readonly onRestored: () => void
  /** Something with the shape of a placeholder, standing alone, that is not known. It stays as it is. */
  readonly onMiss: () => void
}

/** The text of one block; `isJson`: it is JSON, and a value is escaped as in its strings. */
export class TextRestorer {
  readonly #book: RestoreBook
  readonly #isJson: boolean
  readonly #length: number
  #tail = ''
  /** The last unit that went out, when it was the model's own. */
  #before = Number.NaN

  constructor(book: RestoreBook, isJson = false) {
    this.#book = book
    this.#isJson = isJson
    this.#length = book.prefix.length + PLACEHOLDER_LETTERS
  }

  /** Is a tail held back? It is at most one placeholder long. */
  get isHolding(): boolean {
    return this.#tail !== ''
  }

  /** The text so far that can be told, with values in it. */
  push(piece: string): string {
    return this.#read(this.#tail + piece, false)
  }

  /** The end of the block: what was held back goes out. */
  flush(): string {
    const text = this.#read(this.#tail, true)
    this.#before = Number.NaN
    return text
  }

  #read(text: string, isEnd: boolean): string {
    const { prefix } = this.#book
    let out = ''
    let sent = 0
    for (let at = text.indexOf(prefix); at >= 0; at = text.indexOf(prefix, at)) {
      const found = this.#look(text, { at, sent, isEnd })
      if (found === OPEN) return this.#hold(text, { out, sent, from: at })
      if (found !== null) {
        out += text.slice(sent, at) + found
        sent = at + this.#length
        this.#before = Number.NaN
        at = sent
      } else at += 1
    }
    return this.#hold(text, { out, sent, from: isEnd ? text.length : this.#openPrefix(text, sent) })
  }

  /** What to put in, `null` for nothing, `OPEN` where the next piece decides. `sent`: what stands before went out. */
  #look(text: string, { at, sent, isEnd }: { at: number; sent: number; isEnd: boolean }): string | null | typeof OPEN {
    const end = at + this.#length
    for (let index = at + this.#book.prefix.length; index < Math.min(end, text.length); index += 1) {
      if (!isPlaceholderLetter(text.charCodeAt(index))) return null
    }
    if (text.length < end) return isEnd ? null : OPEN
    const value = this.#book.valueOf(text.slice(at, end))
    if (value !== null) {
      this.#book.onRestored()
      return this.#isJson ? jsonEscaped(value) : value
    }
    // In JSON the letter in front may be that of an escape.
    if (!this.#isJson && isWordUnit(at === sent ? this.#before : text.charCodeAt(at - 1))) return null
    if (text.length === end && !isEnd) return OPEN
    if (!isWordUnit(text.charCodeAt(end))) this.#book.onMiss()
    return null
  }

  #hold(text: string, { out, sent, from }: { out: string; sent: number; from: number }): string {
    this.#tail = text.slice(from)
    if (from > sent) this.#before = text.charCodeAt(from - 1)
    return out + text.slice(sent, from)
  }

  /** Where a prefix begins that the text ends inside; its end when there is none. */
  #openPrefix(text: string, sent: number): number {
    const { prefix } = this.#book
    for (let at = Math.max(sent, text.length - prefix.length + 1); at < text.length; at += 1) {
      if (prefix.startsWith(text.slice(at))) return at
    }
    return text.length
  }
}

const OPEN = Symbol('open')

/** Letters and digits: beside one, a look-alike is a part of something longer. */
const isWordUnit = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
