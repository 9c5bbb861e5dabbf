/**
 * Finds a value of a known shape after the name of its provider: `ACME_API_KEY=…`, `"acmeToken": "…"`, "the acme api key
 * is …", `[acme] using key …`. Keys without a prefix of their own can be told only so.
 */
import { asciiTable } from './detectors/ascii-table.ts'
import { isRandom } from './detectors/secret-value.ts'
import { type Finder, type Span, startsToken } from './detectors/span.ts'
import { wordShare } from './detectors/word-likeness.ts'
import { everyCharacter, firstCharacters, shortestMatch } from './pattern-length.ts'
import { parsePattern } from './pattern-syntax.ts'

/** Most characters between the name and the value: in one line, and over line ends. */
const LONGEST_GAP = 72
const LONGEST_GAP_OVER_LINES = 48
/** How much of a run of characters is looked at behind that. */
const LONGEST_RUN = 80
/** How far it looks behind a keyword, the value itself left out. */
export const NEAR_REACH = LONGEST_GAP + LONGEST_RUN
/** Words that make a value behind a provider's name a credential. */
const SECRET_WORD =
  /key|token|secret|pass|auth|cred|pat\b|sid|licen[cs]e|access|private|pwd|hook|dsn|api|login|[?&]ak=|密|令牌/i
/** Said of the value right before it, these make it something else. */
const NO_SECRET =
  /(?:sha\d*|hash|digest|commit|checksum|revision|md5|integrity|version|fingerprint|thumbprint|url|path|file|name|public[_-]?key|etag|pinned|image|size|length|\bref|\brev|reference|(?:request|trace|span|correlation)[_-]?id)["'`\])]*\s*(?:[:=@(,]|=>|is)?\s*["'`]?$|\.(?:tgz|tar\.gz|zip|git)#$|\bh1:[\w+/=-]{0,44}$|\d{14}-$|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){0,3}$/i
/** Straight behind the name: only an operator, quotes and spaces. */
const STRAIGHT = /^\\?["'`\])]{0,2}[ \t]{0,8}(?:=|:|=>|:=)[ \t]{0,8}\\?["'`]?$/
/** The name is of what is called, or of a module that is: `new Acme('…')`, `acme.init('…')`, `require('acme')('…')`. */
const CALL = /^(?:[A-Z]\w{0,15}|\.\w{1,20}|search|["']\))?\((?:["'][^"'\n]{1,40}["'],\s?)?["'`]$/
/** The name is of a command, and one letter says what follows. */
const SHORT_FLAG = /^(?:-cli|cli|ctl)?(?: [a-z][\w-]{0,20}){0,3} -[ktap][ =]["']?$/
/** Cells of a table before the value. */
const CELLS = /^,(?:[\w-]{1,20},){0,3}$/
/** Nothing between the name and the value. */
const BESIDE = /^[ \t]{1,4}$/
const HEX = /^[0-9a-fA-F]+$/
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
  return (text, start, end) => (isInsideWord(text, start) ? null : findBehind(value, text, { start, end }))
}

/** What is known of a rule's values before they are looked for. */
interface Value {
  readonly pattern: RegExp
  /** Characters. */
  readonly shortest: number
  /** By character code, 1: a value may begin with it. The last one stands for all that are not ASCII. */
  readonly isFirst: Uint8Array
  /** The same of what stands anywhere in a value. */
  readonly isOwn: Uint8Array
  /** A value may hold what parts values from what is around them. */
  readonly hasForeign: boolean
}

function valueOf(pattern: RegExp): Value {
  const parsed = parsePattern(pattern.source, pattern.ignoreCase)
  const all = new Uint8Array(129).fill(1)
  if (!parsed.ok) return { pattern, shortest: 1, isFirst: all, isOwn: all, hasForeign: true }
  const isOwn = tableOf(everyCharacter(parsed.node))
  return {
    pattern,
    shortest: Math.max(1, shortestMatch(parsed.node)),
    isFirst: tableOf(firstCharacters(parsed.node)),
    isOwn,
    hasForeign: isOwn.some((is, code) => is === 1 && KIND[code] !== 1),
  }
}

const tableOf = (set: bigint): Uint8Array =>
  Uint8Array.from({ length: 129 }, (_, code) => Number((set >> BigInt(code)) & 1n))

/**
 * Where a value may begin, the characters of the shortest one must all be such as values have. Looks at the last of them
 * first, so that most others need no look.
 */
function findBehind(value: Value, text: string, name: Span): Span | null {
  const { pattern, isFirst, isOwn, shortest } = value
  const limit = Math.min(text.length - shortest, name.end + LONGEST_GAP)
  let at = name.end
  let known = at
  while (at <= limit) {
    let last = at + shortest - 1
    while (last >= known && isOwn[Math.min(text.charCodeAt(last), 128)] === 1) last -= 1
    if (last >= known) {
      at = last + 1
      known = at
      continue
    }
    known = at + shortest
    if (isFirst[Math.min(text.charCodeAt(at), 128)] === 1 && isBeginning(value, text, name.end, at)) {
      pattern.lastIndex = at
      const span = pattern.test(text) ? credentialAt(pattern, text, name, at) : null
      if (span !== null) return span
    }
    at += 1
  }
  return null
}

/** A token, in a run of characters that is long enough for a value. */
const isBeginning = (value: Value, text: string, from: number, at: number): boolean =>
  !isWithinWord(text, at) && startsToken(text, at) && (!value.hasForeign || isInRun(text, from, at, value.shortest))

/** What the pattern matches at `at`, when it is a credential of whom is named before. */
function credentialAt(pattern: RegExp, text: string, name: Span, at: number): Span | null {
  pattern.lastIndex = at
  const match = pattern.exec(text)
  if (match === null) return null
  const value = match.slice(1).find((group: string | undefined) => group !== undefined) ?? match[0]
  const end = at + match[0].length
  const gap = text.slice(name.end, end - value.length)
  const isTelling = SECRET_WORD.test(text.slice(name.start, name.end))
  return isCredential(gap, value, isTelling) ? { start: end - value.length, end } : null
}

/** Of a character code, 1: it stands in values; 0: it parts values from what is around them. */
const KIND = asciiTable(/[\w\-+/.~$!|:@*%^#=&?]/)
const isOfValue = (text: string, at: number): boolean => KIND[text.charCodeAt(at)] === 1
/** What is shorter than the rule's values is passed over, and most words are; more than this need not be known. */
const SHORTEST_RUN = 20

/** Does `at` stand in a run, from `from` on, that is as long as a value? */
function isInRun(text: string, from: number, at: number, shortest: number): boolean {
  if (!isOfValue(text, at)) return false
  const wanted = Math.min(shortest, SHORTEST_RUN)
  let end = at + 1
  while (end - at < wanted && isOfValue(text, end)) end += 1
  let start = at
  while (end - start < wanted && start > from && isOfValue(text, start - 1)) start -= 1
  return end - start >= wanted
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
const IS_WORD = asciiTable(/\w/)

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
  return (isRandom(value, 12) || UUID.test(value)) && isGiven(gap, value)
}

/** No word says that it is a credential, but the way in which it follows the name does. */
function isGiven(gap: string, value: string): boolean {
  if (CALL.test(gap) || SHORT_FLAG.test(gap)) return true
  if (value.length < 16 || !(STRAIGHT.test(gap) || CELLS.test(gap) || BESIDE.test(gap))) return false
  return gap.includes('=') || isNoDigest(value)
}

/** Names are followed by ids and hashes too. */
const isNoDigest = (value: string): boolean => !HEX.test(value) && !UUID.test(value)
