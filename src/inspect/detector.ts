/** A detector rule made ready to run. */
import type { Severity } from '../domain/finding.ts'
import type { DetectorRule } from './detector-schema.ts'
import { entropy, isMadeUp } from './detectors/randomness.ts'
import { FINDERS, VALIDATORS, type Validator } from './detectors/registry.ts'
import { type Finder, type Span, startsToken } from './detectors/span.ts'

export interface Detector {
  readonly id: string
  readonly name: string
  readonly severity: Severity
  /** Position among all rules. */
  readonly order: number
  /** Starts at any run of digits: finds numbers of persons, and in ids some by chance. */
  readonly isOnDigits?: boolean
  /** Looks at one occurrence of a trigger; `null` when there is nothing. Must not throw; a throw is a fault. */
  readonly look: (text: string, start: number, end: number) => DetectedSpan | null
}

export interface DetectedSpan extends Span {
  readonly severity: Severity
}

/** A name's other words, as in `DATADOG_PROD_API_KEY` or `datadog api key`. */
const NAME_REST = '[\\w. -]{0,40}?'
/** What stands between a name and its value: closing quotes, `=`, `:`, `=>`, `,`, `(`, or a space; opening quotes. */
const ASSIGNS =
  '\\\\{0,3}["\'`\\])]{0,3}\\s{0,8}(?:=>|:=|={1,3}|\\|\\||[:,>(]|\\s|is\\s)\\s{0,8}\\\\{0,3}["\'`]{0,3}(?:(?:[Bb]earer|[Bb]asic|[Tt]oken)\\s)?'
const SECRET_WORD = 'key|token|secret|pass|auth|cred|pat|sid|license|access|pwd|hook|dsn'

/** The regular expression of a rule, sticky. `null`: the rule has a finder. */
export function patternOf(rule: DetectorRule): RegExp | null {
  if (rule.pattern === undefined) return null
  const end = rule.end === 'word' ? '(?!\\w)' : ''
  if (rule.near === undefined) return new RegExp(`(?:${rule.pattern})${end}`, rule.ignoreCase ? 'iy' : 'y')
  const words = rule.near.map((word) => `${escapeText(word)}${hasSecretWord(word) ? '' : wantsSecretWord}`)
  const value = hasGroup(rule.pattern) ? rule.pattern : `(${rule.pattern})`
  return new RegExp(`(?i:${words.join('|')})${NAME_REST}${ASSIGNS}(?:${value})${end}`, rule.ignoreCase ? 'iy' : 'y')
}

const wantsSecretWord = `(?=[\\w. -]{0,40}?(?:${SECRET_WORD}))`
const hasSecretWord = (word: string): boolean => new RegExp(SECRET_WORD, 'i').test(word)
const escapeText = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
const hasGroup = (pattern: string): boolean => /(?:^|[^\\])\((?!\?)/.test(pattern)

/** A rule that has passed all checks, as something that can look. */
export function makeDetector(rule: DetectorRule, order: number): Detector {
  const find = rule.finder === undefined ? patternFinder(rule) : (FINDERS.get(rule.finder) ?? never)
  const isValid = validatorOf(rule)
  const hasChecksum = rule.checksum === undefined ? null : (VALIDATORS.get(rule.checksum) ?? null)
  return {
    id: rule.id,
    name: rule.name,
    severity: rule.severity,
    order,
    isOnDigits: rule.trigger === 'digits',
    look: (text, start, end) => {
      const span = find(text, start, end)
      if (span === null) return null
      const value = text.slice(span.start, span.end)
      if (!isValid(value)) return null
      const severity = hasChecksum === null || hasChecksum(value) ? rule.severity : 'low'
      return { start: span.start, end: span.end, severity }
    },
  }
}

const never: Finder = () => null

function patternFinder(rule: DetectorRule): Finder {
  const pattern = patternOf(rule)
  if (pattern === null) return never
  const back = rule.back === undefined ? null : backOf(rule.back)
  const isBounded = rule.boundary !== 'none' && rule.near === undefined
  const isHyphenBounded = rule.boundary === 'hyphen'
  return (text, keywordStart) => {
    const start = back === null ? keywordStart : back(text, keywordStart)
    if (isBounded && !startsToken(text, start)) return null
    if (isHyphenBounded && text[start - 1] === '-') return null
    pattern.lastIndex = start
    const match = pattern.exec(text)
    if (match === null) return null
    const end = start + match[0].length
    const group = match.slice(1).find((value: string | undefined) => value !== undefined)
    return { start: group === undefined ? start : end - group.length, end }
  }
}

/** Steps back over the given characters. A written line end (`\n`) before a token is no part of it. */
function backOf(back: NonNullable<DetectorRule['back']>): (text: string, from: number) => number {
  const isOne = new RegExp(`^[${back.characters}]$`)
  return (text, from) => {
    let start = from
    while (start > 0 && from - start < back.max && isOne.test(text[start - 1] ?? '')) start -= 1
    return text[start - 1] === '\\' && start < from && /[nrt]/.test(text[start] ?? '') ? start + 1 : start
  }
}

function validatorOf(rule: DetectorRule): Validator {
  const validators = rule.validators.flatMap((name) => VALIDATORS.get(name) ?? [])
  const { minEntropy } = rule
  const isFinder = rule.finder !== undefined
  return (value) =>
    (isFinder || !isMadeUp(value)) &&
    (minEntropy === undefined || entropy(value) >= minEntropy) &&
    validators.every((isValid) => isValid(value))
}
