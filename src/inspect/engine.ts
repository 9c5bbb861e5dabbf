/**
 * Looks for every detector in one pass over a text: keywords and runs of digits say where, and only there a detector
 * looks. Each look is bounded, so the time is linear in the text whatever it holds.
 */
import { type Automaton, buildAutomaton } from './automaton.ts'
import type { DetectedSpan, Detector } from './detector.ts'
import { startsToken } from './detectors/span.ts'
import { forgetText } from './detectors/value-runs.ts'
import { Beginners, DigitRuns } from './digit-runs.ts'
import { type Mark, resolveOverlaps } from './overlap.ts'
import type { PlaceTable } from './place-table.ts'
import { Repeats } from './repeats.ts'

/** A detector's hit in a text, UTF-16 units. */
export interface Match extends Mark {
  readonly detector: Detector
}

export interface ScanResult {
  /** Disjoint, by place. */
  readonly matches: readonly Match[]
  /** A detector threw: its hits are missing. */
  readonly hasFault: boolean
  /** Time ran out: what comes later in the text is unread. */
  readonly isCutShort: boolean
}

/** Says when time is up; asked now and then. */
export type Deadline = () => boolean

/** All detectors, compiled: immutable, swapped whole on reload. */
export interface DetectorSet {
  readonly detectors: readonly Detector[]
  readonly scan: (text: string, isOver: Deadline) => ScanResult
}

/** What starts a detector: one of its keywords, or a run of digits: of three or more, or behind `+`, `(` or a capital letter. */
export interface TriggeredDetector {
  readonly detector: Detector
  readonly keywords: readonly string[]
  readonly ignoresCase: boolean
  readonly onDigits: boolean
}

interface KeywordUse {
  readonly detector: Detector
  readonly keyword: string
  readonly ignoresCase: boolean
}

const LOOKS_PER_CHECK = 512
/** Characters of which is asked at once whether they are known. */
const STRETCH = 16_384
/** A detector whose places a table knows: a dictionary's, or those of known source code. */
export interface TableDetector {
  readonly detector: Detector
  readonly table: PlaceTable
}

/** The detectors' `order` is their place in `triggered`, then in `tables`. */
export function makeDetectorSet(
  triggered: readonly TriggeredDetector[],
  tables: readonly TableDetector[] = [],
): DetectorSet {
  const uses = new Map<string, KeywordUse[]>()
  for (const { detector, keywords, ignoresCase } of triggered) {
    for (const keyword of keywords) {
      const folded = keyword.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
      uses.set(folded, [...(uses.get(folded) ?? []), { detector, keyword, ignoresCase }])
    }
  }
  const automaton = buildAutomaton([...uses.keys()])
  const byKeyword = [...uses.values()]
  const beginners = new Beginners(triggered.filter((each) => each.onDigits).map((each) => each.detector))
  const detectors = [...triggered, ...tables].map((each) => each.detector)
  const longestReach = longestReachOf(detectors)
  const orders = 1 + Math.max(0, ...detectors.map((each) => each.order))
  return {
    detectors,
    scan: (text, isOver) => {
      const pass = new Pass(text, isOver, orders)
      pass.keywords(automaton, byKeyword, longestReach)
      if (beginners.all.length > 0) pass.digits(beginners)
      for (const each of tables) pass.places(each)
      forgetText()
      return { matches: resolveOverlaps(pass.matches), hasFault: pass.hasFault, isCutShort: pass.isCutShort }
    },
  }
}

/** One scan of one text. */
class Pass {
  readonly matches: Match[] = []
  hasFault = false
  isCutShort = false
  private readonly text: string
  private readonly isOver: Deadline
  /** How many there are. */
  private readonly detectors: number
  /** Where each detector's last match ended, by `order`: inside it, it is not asked again. Few texts have any match. */
  private doneUntil: Float64Array | null = null
  private looks = 0
  /** Where a detector looked last of which nobody knows how far it reaches. */
  private unknowable = -1
  /** Of the keywords and the digits, which are passed one after the other. */
  private repeats: Repeats

  constructor(text: string, isOver: Deadline, detectors: number) {
    this.text = text
    this.detectors = detectors
    this.isOver = isOver
    this.repeats = new Repeats(text)
  }

  keywords(automaton: Automaton, byKeyword: readonly (readonly KeywordUse[])[], longestReach: number): void {
    automaton.scan(
      this.text,
      (number, end) => {
        for (const { detector, keyword, ignoresCase } of byKeyword[number] ?? []) {
          const start = end - keyword.length
          if (detector.isOfTokens === true && !startsToken(this.text, start)) continue
          if (ignoresCase || this.text.startsWith(keyword, start)) this.look(detector, start, end)
        }
      },
      (from, to) => this.isKnown(from, to, longestReach),
    )
  }

  digits(beginners: Beginners<Detector>): void {
    this.repeats = new Repeats(this.text)
    this.unknowable = -1
    const reach = longestReachOf(beginners.all)
    const runs = new DigitRuns(this.text)
    let isThere = runs.find(0)
    for (let from = 0; isThere && from < this.text.length; from += STRETCH) {
      const to = from + STRETCH
      if (runs.start >= to) continue
      if (this.isKnown(from, to, reach)) isThere = runs.find(to - 1)
      while (isThere && runs.start < to) {
        for (const detector of beginners.at(this.text, runs.start, runs.end)) this.look(detector, runs.start, runs.end)
        isThere = runs.next()
      }
    }
  }

  /** What begins from `from` to `to` was looked at where it stood before, in vain, and depends on nothing else. */
  private isKnown(from: number, to: number, reach: number): boolean {
    return this.repeats.hasAll(from, to, reach) && this.unknowable < from - this.repeats.period
  }

  places({ detector, table }: TableDetector): void {
    const isOver = (): boolean => (this.isCutShort ||= this.isOver())
    if (isOver()) return
    const { order, severity } = detector
    table.scan(this.text, isOver, (start, end) => this.matches.push({ detector, order, severity, start, end }))
  }

  private look(detector: Detector, start: number, end: number): void {
    const { order, reach } = detector
    if (this.isCutShort || (this.doneUntil !== null && start < (this.doneUntil[order] ?? 0))) return
    this.looks += 1
    if (this.looks % LOOKS_PER_CHECK === 0 && this.isOver()) this.isCutShort = true
    if (reach === undefined) this.unknowable = start
    else if (this.repeats.has(start, reach)) return
    const span = this.spanOf(detector, start, end)
    if (span !== null) this.note(detector, span)
  }

  private note(detector: Detector, { start, end, severity }: DetectedSpan): void {
    const { order } = detector
    this.repeats.forget(end)
    this.doneUntil ??= new Float64Array(this.detectors)
    this.doneUntil[order] = end
    this.matches.push({ detector, order, start, end, severity })
  }

  private spanOf(detector: Detector, start: number, end: number): DetectedSpan | null {
    try {
      return detector.look(this.text, start, end)
    } catch {
      this.hasFault = true // told to the caller: the body counts as unread
      return null
    }
  }
}

/** How far `startsToken` looks. */
const TOKEN_REACH = 4

/** Of those that have one. */
const longestReachOf = (detectors: readonly Detector[]): number =>
  Math.max(TOKEN_REACH, ...detectors.map(({ reach }) => reach ?? 0))
