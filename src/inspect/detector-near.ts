/**
 * Finds a value of a known shape after the name of its provider: `ACME_API_KEY=…`, `"acmeToken": "…"`, "the acme api key
 * is …", `[acme] using key …`. Keys without a prefix of their own can be told only so.
 */
import { isRandom } from './detectors/secret-value.ts'
import { type Finder, type Span, startsToken } from './detectors/span.ts'
import { wordShare } from './detectors/word-likeness.ts'
import { firstCharacters, shortestMatch } from './pattern-length.ts'
import { parsePattern } from './pattern-syntax.ts'

/** Most characters between the name and the value: in one line, and over line ends. */
const LONGEST_GAP = 72
const LONGEST_GAP_OVER_LINES = 48
/** Longest run of characters that is looked through for a value. */
const LONGEST_RUN = 80
/** How far it looks behind a keyword, the value itself left out. */
export const NEAR_REACH = LONGEST_GAP + LONGEST_RUN
/** Words that make a value behind a provider's name a credential. */
const SECRET_WORD = /key|token|secret|pass|auth|cred|pat\b|sid|licen[cs]e|access|pwd|hook|dsn|api|login|密|令牌/i
/** Said of the value right before it, these make it something else. */
const NO_SECRET =
  /(?:sha\d*|hash|digest|commit|checksum|revision|md5|integrity|version|fingerprint|thumbprint|url|path|file|name|public[_-]?key|etag|pinned|image|size|length|\bref|\brev|reference|(?:request|trace|span|correlation)[_-]?id)["'`\])]*\s*(?:[:=@(,]|=>|is)?\s*["'`]?$|\.(?:tgz|tar\.gz|zip|git)#$|\bh1:[\w+/=-]{0,44}$|\d{14}-$|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){0,3}$/i
/** Straight behind the name: only an operator, quotes and spaces. */
const STRAIGHT = /^\\?["'`\])]{0,2}[ \t]{0,8}(?:=|:|=>|:=)[ \t]{0,8}\\?["'`]?$/
/** A path behind the name, not a query: what stands in it is an address. */
const PATH = /\/[^?&=\s>]*$/
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** Files of packages, and versions of Go modules that name a commit. */
const PACKAGE = /\.(?:whl|tgz|gz|zip|jar|js|css)$|(?:^|[-.])\d{14}-[0-9a-f]{12}$/
const ID_BEFORE = /\b(?:id|uuid|guid)["'`]?\s{0,4}[:=]\s{0,4}["'`]?$/i
/** Jenkins writes `{AQAAABAAA…}` around what it has encrypted; people write the name before it. */
const JENKINS = /^ AQAAABAAA $/

/** Looks at one of a rule's words. `pattern` is the value: sticky, with its end condition. */
export function nearFinder(pattern: RegExp): Finder {
  const value = valueOf(pattern)
  return (text, start, end) => {
    if (isInsideWord(text, start)) return null
    const limit = Math.min(text.length, end + LONGEST_GAP)
    for (let at = startOfRun(text, end, limit, value.shortest); at <= limit; at += 1) {
      if (!isOfValue(text, at)) continue
      const runEnd = endOfRun(text, at)
      if (runEnd - at >= value.shortest) {
        const span = findInRun(value, text, { start, end, at, until: Math.min(runEnd, limit + 1) })
        if (span !== null) return span
      }
      at = runEnd
    }
    return null
  }
}

/** What is known of a rule's values before they are looked for. */
interface Value {
  readonly pattern: RegExp
  /** Characters; of longer ones it need not be known. */
  readonly shortest: number
  /** By ASCII code, 1: a value may begin with it. */
  readonly isFirst: Uint8Array
}

function valueOf(pattern: RegExp): Value {
  const parsed = parsePattern(pattern.source, pattern.ignoreCase)
  if (!parsed.ok) return { pattern, shortest: 1, isFirst: new Uint8Array(128).fill(1) }
  const first = firstCharacters(parsed.node)
  const isFirst = Uint8Array.from({ length: 128 }, (_, code) => Number((first >> BigInt(code)) & 1n))
  return { pattern, shortest: Math.min(shortestMatch(parsed.node), SHORTEST_RUN), isFirst }
}

interface Run {
  /** The provider's name. */
  readonly start: number
  readonly end: number
  /** Where a value may start. */
  readonly at: number
  readonly until: number
}

function findInRun({ pattern, isFirst }: Value, text: string, run: Run): Span | null {
  for (let at = run.at; at < run.until; at += 1) {
    if (isFirst[text.charCodeAt(at)] !== 1 || isWithinWord(text, at) || !startsToken(text, at)) continue
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match === null) continue
    const value = match.slice(1).find((group: string | undefined) => group !== undefined) ?? match[0]
    const end = at + match[0].length
    const gap = text.slice(run.end, end - value.length)
    const isTelling = SECRET_WORD.test(text.slice(run.start, run.end))
    if (isCredential(gap, value, isTelling)) return { start: end - value.length, end }
  }
  return null
}

/** Of a character code, 1: it stands in values; 0: it parts values from what is around them. */
const KIND = Uint8Array.from({ length: 128 }, (_, code) =>
  /[\w\-+/.~$!|:@*%^#=&?]/.test(String.fromCharCode(code)) ? 1 : 0,
)
const isOfValue = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at)
  return code < 128 && KIND[code] === 1
}
/** What is shorter than the rule's values is passed over, and most words are; more than this need not be known. */
const SHORTEST_RUN = 20

function endOfRun(text: string, at: number): number {
  let end = at + 1
  while (isOfValue(text, end) && end - at < LONGEST_RUN) end += 1
  return end
}

/**
 * Where the first run of at least `shortest` begins that may begin at `limit` or before; behind `limit` when there is
 * none. Looks at the last character that such a run would have first, so that most others need no look.
 */
function startOfRun(text: string, from: number, limit: number, shortest: number): number {
  let start = from
  while (start <= limit) {
    let at = start + shortest - 1
    while (at >= start && isOfValue(text, at)) at -= 1
    if (at < start) return start
    start = at + 1
  }
  return start
}

/** Surely in the middle of a word: a word character before it, and no written escape (`\\n`, `%3D`) that ends there. */
function isWithinWord(text: string, at: number): boolean {
  return (
    IS_WORD[text.charCodeAt(at - 1)] === 1 &&
    text.charCodeAt(at - 2) !== BACKSLASH &&
    text.charCodeAt(at - 3) !== PERCENT
  )
}
const BACKSLASH = 0x5c
const PERCENT = 0x25
const IS_WORD = Uint8Array.from({ length: 128 }, (_, code) => (/\w/.test(String.fromCharCode(code)) ? 1 : 0))

/** `acme` in `xacme` is another word; in `myAcme`, `ACME` and `_acme` it is not. */
function isInsideWord(text: string, start: number): boolean {
  const before = text.charCodeAt(start - 1)
  if (!isLetter(before)) return false
  const isCamel = before >= 0x61 && !(text.charCodeAt(start) >= 0x61)
  return !isCamel && !startsToken(text, start)
}

const isLetter = (code: number): boolean => (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)

function isCredential(gap: string, value: string, isTelling: boolean): boolean {
  if (wordShare(value) >= 0.5 || NO_SECRET.test(gap) || PATH.test(gap) || PACKAGE.test(value)) return false
  if (UUID.test(value) && ID_BEFORE.test(gap)) return false
  if (gap.length > LONGEST_GAP_OVER_LINES && gap.includes('\n')) return false
  if (isTelling || SECRET_WORD.test(gap) || JENKINS.test(gap)) return true
  if (!STRAIGHT.test(gap) || !(isRandom(value, 16) || UUID.test(value))) return false
  return gap.includes('=') || (/[a-z]/.test(value) && /[A-Z]/.test(value))
}
