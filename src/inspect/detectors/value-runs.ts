/**
 * What detectors remember of the text at hand, so that looks which overlap do not read it again: first of all where runs of
 * characters end that values may stand in. Nothing of it outlives the scan.
 */
import { asciiTable } from './ascii-table.ts'

/** One kind of run. Asked from the beginning of a text to its end, it reads each character once. */
export interface Runs {
  /** Where the run from `start` ends, `limit` at most. */
  readonly endOf: (text: string, start: number, limit: number) => number
}

/** The text that runs are remembered of, and those who remember. */
let textAtHand = ''
const forgetters: (() => void)[] = []

/** No run of another text is remembered, nor the text itself. */
export function forgetText(): void {
  textAtHand = ''
  for (const forget of forgetters) forget()
}

/** What is remembered from here on is of this text. */
export function turnTo(text: string): void {
  if (text === textAtHand) return
  forgetText()
  textAtHand = text
}

/** What else is remembered of the text at hand is forgotten with it. */
export function onForget(forget: () => void): void {
  forgetters.push(forget)
}

/** Runs of characters that `end`, a class of UTF-16 units, does not match. */
export function runsUntil(end: RegExp): Runs {
  const isEnd = asciiTable(end)
  let from = 0
  let until = 0
  onForget(() => {
    from = 0
    until = 0
  })
  return {
    endOf: (text, start, limit) => {
      turnTo(text)
      if (start < from || start > until) {
        from = start
        until = start
      }
      const last = Math.min(limit, text.length)
      while (until < last) {
        const code = text.charCodeAt(until)
        if (code < 128 ? isEnd[code] === 1 : end.test(String.fromCharCode(code))) break
        until += 1
      }
      return Math.min(until, last)
    },
  }
}
