/** The question in the search language that a command was given, and how its mistake is shown. */
import { escapeControls } from '../audit/export/printable.ts'
import { parseEventSearch } from '../domain/event-search.ts'
import type { CliIo } from './cli-io.ts'

/** So much of a question is shown around its mistake. */
const SHOWN_CHARS = 100

export type QuestionResult = { readonly ok: true; readonly q: string | null } | { readonly ok: false }

/** Check the question; a mistake is told with a caret under its place. `null`: none was asked. */
export function readQuestion(text: string | undefined, nowMs: number, io: CliIo): QuestionResult {
  if (text === undefined) return { ok: true, q: null }
  const parsed = parseEventSearch(text, nowMs)
  if (parsed.ok) return { ok: true, q: text }
  io.stderr(`${underlined(text, parsed.at)}\n${escapeControls(parsed.message)}\n`)
  return { ok: false }
}

/** The text around a place, and a caret under it; characters that move the cursor are made visible as one dot each. */
export function underlined(text: string, at: number): string {
  const from = Math.max(0, at - SHOWN_CHARS / 2)
  const shown = text.slice(from, from + SHOWN_CHARS)
  const line = Array.from(shown, (character) => (/[\p{C}\p{Zl}\p{Zp}]/u.test(character) ? '·' : character)).join('')
  const before = Array.from(shown.slice(0, at - from)).reduce((sum, character) => sum + widthOf(character), 0)
  return `  ${line}\n  ${' '.repeat(before)}^`
}

/** Characters of East Asian scripts take two columns in a terminal. */
const widthOf = (character: string): number =>
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff00-\uff60]/u.test(character)
    ? 2
    : 1
