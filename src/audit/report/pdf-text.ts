/** Splits text into runs that a PDF's fonts can show: the standard fonts know Latin, everything else needs another. */
import { escapeControls } from '../export/printable.ts'

export interface TextRun {
  readonly text: string
  readonly isCjk: boolean
}

/** Windows-1252 (PDF 32000-1 annex D, WinAnsiEncoding): what the standard fonts can show. */
const WIN_ANSI =
  /^[\u0020-\u007e\u00a0-\u00ff\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178]$/u

/** Scripts that Noto Sans CJK has: CJK with its punctuation, kana, hangul, full-width forms. */
const CJK =
  /^[\u2460-\u24ff\u3000-\u30ff\u3100-\u312f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\u{20000}-\u{2fa1f}]$/u

/** Control characters become visible; what no font here has becomes `\u{1f600}`, so that nothing is shown as nothing. */
export function textRuns(text: string, hasCjk: boolean): TextRun[] {
  const runs: { text: string; isCjk: boolean }[] = []
  for (const char of escapeControls(text).replaceAll('\u202f', '\u00a0')) {
    const isCjk = hasCjk && CJK.test(char)
    const shown = isCjk || WIN_ANSI.test(char) ? char : `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
    const last = runs.at(-1)
    if (last?.isCjk === isCjk) last.text += shown
    else runs.push({ text: shown, isCjk })
  }
  return runs
}
