/**
 * Is a mail address one that its owner publishes? Authors of source code write theirs into heads of files, package files,
 * changelogs and manuals: credits, not data about customers. Asked from the beginning of a text to its end, nothing is
 * read twice.
 */
import { onForget, turnTo } from './value-runs.ts'

/** What the authors of a package publish of themselves: `"author": "Ann <…>"`, `@author`, `Copyright (c) … <…>`. */
const CREDIT =
  /(?:@author|@copyright|copyright|\(c\)|©|__(?:author|email|maintainer|contact|credits|contributors)__|authors?(?:_email)?["']?[ \t]*[:=][ \t]*\[?|maintainer(?:_email)?\b|maintained by|written by|contributed by|(?:signed-off|co-authored|reviewed|acked|tested|reported|suggested)-by|message-id)[^\n]{0,70}$/i
/** In each of them there is one of these: three times as fast. */
const CREDIT_SIGN = /author|copyright|maintain|[ -]by|\(c\)|©|message-id|__/i
/** A comment that names somebody: `# Contact: ann@…`, `// Based on code by Ann (ann@…)`. */
const COMMENT =
  /^[ \t]*(?:#|\/\/|\*|--|;|%|""")[^\n]{0,80}\b(?:by|contact|from|author|bugs?|report|thanks|maintain\w*|mail)\b[^\n]{0,70}$/i
/** One to four words of a name, each with what parts it from the next one. */
const NAME = "(?:(?:\\p{Lu}[\\p{L}\\w.'-]{0,24}|van|von|de[nr]?|d[aiou]|al|el|la|le|bin)[ \\t,]{1,16}){1,4}"
/** A comment that is a name and its address, as in the head of a file: `# Ann Lee <ann@…>`. */
const NAMED_COMMENT = new RegExp(
  `^[ \\t]{0,40}(?:#|//|\\*|;|--){1,3}[ \\t]{0,40}(?:\\d{4}[ ,-]{1,4}){0,4}${NAME}[<(]$`,
  'u',
)
/** A line of a changelog: `2004-03-01  Ann Lee  <ann@…>`, `Mon Mar 1 2004 Ann Lee <ann@…>`. */
const CHANGELOG = new RegExp(
  `^(?:\\d{4}-\\d\\d-\\d\\d|[A-Z]\\w\\w [A-Z]\\w\\w [ \\d]?\\d (?:\\d\\d:\\d\\d:\\d\\d )?\\d{4})[ \\t]{1,4}${NAME}<$`,
  'u',
)
const LONGEST_LINE = 110

/** Does an address that begins at `start` stand where its owner publishes it? */
export function isPublished(text: string, start: number): boolean {
  turnTo(text)
  if (start < asked) forget()
  const line = startOfLine(text, start)
  // each of them, every time: they remember what they read
  const isCredit = isCredited(text, line, start)
  const isOfBlock = isInCreditBlock(text, start)
  const isOfManual = isInManual(text, start)
  const isListed = isInList(text, start)
  asked = start
  return isCredit || isOfBlock || isOfManual || isListed || isInComment(text, line, start)
}
/** Before which place everything was read. */
let asked = 0

/** Of the line in which `at` stands; of a long one, so many characters before `at`. */
function startOfLine(text: string, at: number): number {
  const least = Math.max(0, at - LONGEST_LINE)
  let from = at
  while (from > least && text.charCodeAt(from - 1) !== NEWLINE) from -= 1
  return from
}
const NEWLINE = 0x0a

function isInComment(text: string, line: number, start: number): boolean {
  let at = line
  while (at < start && (text.charCodeAt(at) === SPACE || text.charCodeAt(at) === TAB)) at += 1
  const kind = at < start ? BEGINS[text.charCodeAt(at)] : undefined
  if (kind === undefined || kind === 0) return false
  const before = text.slice(line, start)
  if (kind === DATE) return CHANGELOG.test(before)
  return COMMENT.test(before) || ((before.endsWith('<') || before.endsWith('(')) && NAMED_COMMENT.test(before))
}
const [SPACE, TAB] = [0x20, 0x09]
/** What comments and lines of changelogs begin with. */
const [MARK, DATE] = [1, 2]
const BEGINS = Uint8Array.from({ length: 128 }, (_, code) => {
  const letter = String.fromCharCode(code)
  return '#/*-;%"'.includes(letter) ? MARK : /[12SMTWF]/.test(letter) ? DATE : 0
})

/** Before which place a sign of a credit stands. */
let credited = -1
/** A sign that begins before an address ends before it, or a few characters into it: `message-id@…`. */
const LONGEST_SIGN = 16

function isCredited(text: string, line: number, start: number): boolean {
  if (CREDIT_SIGN.test(text.slice(Math.max(line, asked - LONGEST_SIGN), start))) credited = start
  if (credited < line) return false
  const before = text.slice(line, start)
  return CREDIT.test(before) && !/\bAuthor: /.test(before)
}

/** What comments that credit somebody say somewhere before the addresses. */
const BLOCK_WORD =
  /copyright|\(c\)|©|author|maintain|contribut|contact|written|modified|ported|based on|thanks|licen[cs]e|bugs?\b|patch/i
const LONGEST_BLOCK = 4000
/** The comment that is open, before which place it credits somebody (-1: none is, it does not), and where the next opens. */
const block = { open: -1, credited: -1, next: -1 }

/** In a comment of several lines that credits somebody. */
function isInCreditBlock(text: string, start: number): boolean {
  if (block.next < asked) block.next = placeOf(text, '/*', asked)
  if (block.open < 0 && block.next >= start) return false
  const from = Math.max(asked - 1, start - LONGEST_BLOCK, 0)
  readComments(text, from, start)
  if (block.open < start - LONGEST_BLOCK) block.open = -1
  if (block.open < 0) return false
  if (block.credited < 0 && BLOCK_WORD.test(text.slice(Math.max(block.open, from - LONGEST_SIGN, 0), start)))
    block.credited = start
  return block.credited >= 0
}

/** Those that open and close from `from` to `to`. */
function readComments(text: string, from: number, to: number): void {
  const unread = text.slice(from, to)
  const close = unread.lastIndexOf('*/')
  let open = unread.lastIndexOf('/*')
  while (open > close && !opensComment(text, from + open)) open = open === 0 ? -1 : unread.lastIndexOf('/*', open - 1)
  if (close > open) block.open = -1
  else if (open >= 0) {
    block.open = from + open
    block.credited = -1
  }
}

/** At the beginning of its line, and with something like a word behind it: not `src/*.ts`. */
function opensComment(text: string, at: number): boolean {
  let before = at - 1
  while (text.charCodeAt(before) === SPACE || text.charCodeAt(before) === TAB) before -= 1
  return (before < 0 || text.charCodeAt(before) === NEWLINE) && /[\s*!-]/.test(text[at + 2] ?? '')
}

/** Headings of manuals, of Perl's and in general, below which people are named. */
const CREDIT_HEADING =
  /author|maintain|contribut|copyright|licen[cs]e|credit|acknowledg|thanks|contact|support|bugs?\b|mailing|history|see also/i
const LONGEST_SECTION = 4000
/** Where the section begins that credits somebody (-1: it does not), and the next one of any kind. */
const section = { start: -1, next: -1 }

/** In a manual of Perl (`=head1 AUTHOR`), in a section that credits somebody. */
function isInManual(text: string, start: number): boolean {
  if (section.next < asked - HEADING.length) section.next = placeOf(text, HEADING, Math.max(0, asked - HEADING.length))
  if (section.start < 0 && section.next >= start) return false
  const from = Math.max(asked - HEADING.length, start - LONGEST_SECTION, 0)
  const unread = text.slice(from, start)
  const head = unread.lastIndexOf(HEADING)
  if (head >= 0) {
    const title = from + head + HEADING.length
    const [line = ''] = text.slice(title, title + LONGEST_LINE).split('\n', 1)
    section.start = CREDIT_HEADING.test(line) ? from + head : -1
  }
  if (section.start < start - LONGEST_SECTION || unread.lastIndexOf('\n=cut') > head) section.start = -1
  return section.start >= 0
}
const HEADING = '\n=head'

/** Behind the text when it stands nowhere from `from` on. */
function placeOf(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from)
  return at < 0 ? text.length : at
}

/** Lists of people in package files; the address stands a few lines below. */
const CREDIT_LIST = /"(?:contributors|maintainers|authors?|contact|bugs)"|__contributors__ = |contact:|authors =/g
const LONGEST_LIST = 800

/** Where lists begin: the last one that ended before the address at hand, and where the next one is looked for. */
const lists = { last: -1, from: 0, next: null as { start: number; end: number } | null }

function isInList(text: string, start: number): boolean {
  const list = lastList(text, start)
  return list >= 0 && list >= start - LONGEST_LIST && !text.slice(list, start).includes(']')
}

/** Where the last list begins that stands before `start`; -1: there is none. */
function lastList(text: string, start: number): number {
  while (lists.from <= text.length) {
    lists.next ??= listFrom(text, lists.from)
    if (lists.next === null) {
      lists.from = text.length + 1
      break
    }
    if (lists.next.end > start) break
    lists.last = lists.next.start
    lists.from = lists.last + 1
    lists.next = null
  }
  return lists.last
}

function listFrom(text: string, from: number): { start: number; end: number } | null {
  CREDIT_LIST.lastIndex = from
  const match = CREDIT_LIST.exec(text)
  return match === null ? null : { start: match.index, end: match.index + match[0].length }
}

onForget(forget)
function forget(): void {
  asked = 0
  credited = -1
  block.open = block.credited = block.next = -1
  section.start = section.next = -1
  lists.last = -1
  lists.from = 0
  lists.next = null
}
