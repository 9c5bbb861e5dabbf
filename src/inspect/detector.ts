/** A detector rule made ready to run. */
import type { Severity } from '../domain/finding.ts'
import { NEAR_REACH, nearFinder } from './detector-near.ts'
import type { DetectorRule } from './detector-schema.ts'
import { asciiTable } from './detectors/ascii-table.ts'
import { BEGINNINGS } from './detectors/beginnings.ts'
import { entropy, isMadeUp } from './detectors/randomness.ts'
import { FINDERS, REACHES, VALIDATORS, type Validator } from './detectors/registry.ts'
import { type Finder, type Span, startsToken } from './detectors/span.ts'
import type { Beginning } from './digit-runs.ts'
import { longestMatch } from './pattern-length.ts'
import { parsePattern } from './pattern-syntax.ts'

export interface Detector {
  readonly id: string
  readonly name: string
  readonly severity: Severity
  /** Position among all rules. */
  readonly order: number
  /** Starts at any run of digits: finds numbers of persons, and in ids some by chance. */
  readonly isOnDigits?: boolean
  /** Finds nothing where no token starts (`startsToken`): need not be asked there. */
  readonly isOfTokens?: boolean
  /** With which runs of digits it may begin; absent: with any. Elsewhere it finds nothing. */
  readonly begins?: Beginning
  /** What it says depends on nothing further than this from `start`, in characters; absent: on any of the text. */
  readonly reach?: number
  /** Looks at one occurrence of a trigger; `null` when there is nothing. Must not throw; a throw is a fault. */
  readonly look: (text: string, start: number, end: number) => DetectedSpan | null
}

export interface DetectedSpan extends Span {
  readonly severity: Severity
}

/** What may not follow a value: more of it. */
const NEAR_END = '(?!\\w|[-.+/]\\w)'

/** The regular expression of a rule, sticky. `null`: the rule has a finder. */
function patternOf(rule: DetectorRule): RegExp | null {
  if (rule.pattern === undefined) return null
  const wordEnd = rule.near === undefined ? '(?!\\w)' : NEAR_END
  return new RegExp(`(?:${rule.pattern})${rule.end === 'word' ? wordEnd : ''}`, rule.ignoreCase ? 'iy' : 'y')
}

/** A rule that has passed all checks, as something that can look. */
export function makeDetector(rule: DetectorRule, order: number): Detector {
  const find = rule.finder === undefined ? patternFinder(rule) : (FINDERS.get(rule.finder) ?? never)
  const reach = reachOf(rule)
  const begins = BEGINNINGS.get(rule.finder ?? '')
  const isValid = validatorOf(rule)
  const hasChecksum = rule.checksum === undefined ? null : (VALIDATORS.get(rule.checksum) ?? null)
  return {
    id: rule.id,
    name: rule.name,
    severity: rule.severity,
    order,
    isOnDigits: rule.trigger === 'digits',
    isOfTokens: isOfTokens(rule),
    ...(reach === null ? {} : { reach }),
    ...(begins === undefined ? {} : { begins }),
    look: (text, start, end) => {
      const span = find(text, start, end)
      if (span === null) return null
      if (isValid === null && hasChecksum === null) return { start: span.start, end: span.end, severity: rule.severity }
      const value = text.slice(span.start, span.end)
      if (isValid !== null && !isValid(value)) return null
      const severity = hasChecksum === null || hasChecksum(value) ? rule.severity : 'low'
      return { start: span.start, end: span.end, severity }
    },
  }
}

/** Patterns that begin at their keyword, and not inside a word. */
const isOfTokens = (rule: DetectorRule): boolean =>
  rule.pattern !== undefined && rule.near === undefined && rule.back === undefined && rule.boundary !== 'none'

/** Rules that reach further are few, and not worth comparing so much. */
const LONGEST_REACH = 4096

/** How far a rule looks from a trigger; `null`: nobody knows. */
function reachOf(rule: DetectorRule): number | null {
  if (rule.finder !== undefined) return REACHES.get(rule.finder) ?? null
  const parsed = parsePattern(rule.pattern ?? '', rule.ignoreCase)
  if (!parsed.ok) return null
  const longest =
    longestMatch(parsed.node) + (rule.back?.max ?? 0) + AROUND + (rule.near === undefined ? 0 : NEAR_REACH)
  return longest <= LONGEST_REACH ? longest : null
}

/** A keyword, and what must or must not stand around a value. */
const AROUND = 128

const never: Finder = () => null

function patternFinder(rule: DetectorRule): Finder {
  const pattern = patternOf(rule)
  if (pattern === null) return never
  if (rule.near !== undefined) return nearFinder(pattern)
  const back = rule.back === undefined ? null : backOf(rule.back)
  const isBounded = rule.boundary !== 'none'
  const isHyphenBounded = rule.boundary === 'hyphen'
  const hasGroup = /\((?!\?)/.test(pattern.source)
  return (text, keywordStart) => {
    const start = back === null ? keywordStart : back(text, keywordStart)
    if (isBounded && !startsToken(text, start)) return null
    if (isHyphenBounded && text[start - 1] === '-') return null
    pattern.lastIndex = start
    if (!hasGroup) return pattern.test(text) ? { start, end: pattern.lastIndex } : null
    const match = pattern.exec(text)
    if (match === null) return null
    const end = start + match[0].length
    const group = match.slice(1).find((value: string | undefined) => value !== undefined)
    return { start: group === undefined ? start : end - group.length, end }
  }
}

/** Steps back over the given characters. A written line end (`\n`) before a token is no part of it. */
function backOf(back: NonNullable<DetectorRule['back']>): (text: string, from: number) => number {
  const one = new RegExp(`^[${back.characters}]$`)
  const isOne = asciiTable(one)
  const isOneAt = (text: string, at: number): boolean => {
    const code = text.charCodeAt(at)
    return code < 128 ? isOne[code] === 1 : one.test(text[at] ?? '')
  }
  return (text, from) => {
    let start = from
    while (start > 0 && from - start < back.max && isOneAt(text, start - 1)) start -= 1
    return text[start - 1] === '\\' && start < from && /[nrt]/.test(text[start] ?? '') ? start + 1 : start
  }
}

/** `null`: every value is one. */
function validatorOf(rule: DetectorRule): Validator | null {
  const validators = rule.validators.flatMap((name) => VALIDATORS.get(name) ?? [])
  const { minEntropy } = rule
  const isFinder = rule.finder !== undefined
  if (isFinder && minEntropy === undefined && validators.length === 0) return null
  return (value) =>
    validators.every((isValid) => isValid(value)) &&
    (isFinder || !isMadeUp(value)) &&
    (minEntropy === undefined || entropy(value) >= minEntropy)
}
