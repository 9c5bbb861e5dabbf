/** E-mail addresses of people: what is reserved for examples, answered by nobody, or no address at all is left alone. */
import { parse } from 'tldts'
import { isWord, type Span } from './span.ts'
import { onForget, turnTo } from './value-runs.ts'

/** RFC 5321 section 4.5.3.1.1. */
const LONGEST_LOCAL = 64
const IS_LOCAL = Uint8Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z0-9._%+-]/.test(String.fromCharCode(code)) ? 1 : 0,
)
const DOMAIN = /(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![\w-])/y
const IS_MARK = Uint8Array.from({ length: 128 }, (_, code) => (/[.%+-]/.test(String.fromCharCode(code)) ? 1 : 0))
const NOBODY =
  /(?:git|hg|svn|no-?reply|do-?not-?reply|user|username|you|your|me|name|email|foo|bar|test|root|localhost)@/iy
const LONGEST_NOBODY = 12
/** RFC 5321 section 4.5.3.1.2. */
const LONGEST_DOMAIN = 255
const [DOT, COLON, SLASH, OPEN, TILDE] = [0x2e, 0x3a, 0x2f, 0x28, 0x7e]
/** Names set aside by RFC 2606 and RFC 6761, and the usual stand-ins. */
const RESERVED_ENDINGS = new Set(['test', 'example', 'invalid', 'localhost', 'local', 'internal'])
const RESERVED = new Set([
  ...['com', 'org', 'net', 'edu', 'cn'].map((ending) => `example.${ending}`),
  ...['email', 'domain', 'mydomain', 'yourdomain', 'company', 'yourcompany', 'foo', 'bar'].flatMap((name) =>
    ['com', 'org', 'net'].map((ending) => `${name}.${ending}`),
  ),
])

/** `icon@2x.png`, `main@1.2.rs`; 163, 126 and their like are mail providers of China. */
const NUMBERED = /(?:^|\.)(?!(?:126|139|163|188|189|263)\.(?:com|cn|net)$)\d+x?\./

/** `at` is where the `@` stands. */
export function findEmail(text: string, at: number): Span | null {
  const start = startOfLocal(text, at)
  if (!isPersonal(text, start, at) || isPartOfUrl(text, start)) return null
  DOMAIN.lastIndex = at + 1
  if (!DOMAIN.test(text)) return null
  const end = DOMAIN.lastIndex
  if (isLocation(text, end) || !isMailDomain(text.slice(at + 1, end)) || isPublished(text, start)) return null
  return { start, end }
}

function startOfLocal(text: string, at: number): number {
  let start = at
  while (start > 0 && at - start <= LONGEST_LOCAL && IS_LOCAL[text.charCodeAt(start - 1)] === 1) start -= 1
  while (start < at && IS_MARK[text.charCodeAt(start)] === 1) start += 1
  return afterWrittenEscape(text, start)
}

function isPersonal(text: string, start: number, at: number): boolean {
  if (start === at || at - start > LONGEST_LOCAL || text.charCodeAt(at - 1) === DOT) return false
  if (at - start > LONGEST_NOBODY) return true
  NOBODY.lastIndex = start
  return !NOBODY.test(text)
}

/** `git@host:path` and `pkg@host/…` are locations, `name@host(` is code. */
function isLocation(text: string, end: number): boolean {
  const behind = text.charCodeAt(end)
  if (behind === OPEN) return true
  if (behind !== COLON && behind !== SLASH) return false
  const next = text.charCodeAt(end + 1)
  return isWord(next) || (behind === COLON && (next === TILDE || next === SLASH))
}

function isMailDomain(written: string): boolean {
  if (written.length > LONGEST_DOMAIN) return false
  const domain = written.toLowerCase()
  const { isIcann, domainWithoutSuffix, publicSuffix } = parse(domain, AS_IT_IS)
  if (isIcann !== true || (domainWithoutSuffix ?? '').length < 2) return false
  // file names whose ending happens to be a top-level domain: icon@2x.png has none, main@abc.rs has
  return !FILE_ENDINGS.has(publicSuffix ?? '') && !isReserved(domain) && !NUMBERED.test(domain)
}
/** `DOMAIN` has seen to what is valid. */
const AS_IT_IS = { extractHostname: false, validateHostname: false, detectIp: false }
const FILE_ENDINGS = new Set('rs py sh pl md zip mov so cc ps java name'.split(' '))

function isReserved(domain: string): boolean {
  const dot = domain.lastIndexOf('.')
  if (RESERVED_ENDINGS.has(domain.slice(dot + 1))) return true
  const name = domain.slice(domain.lastIndexOf('.', dot - 1) + 1)
  return RESERVED.has(name) || (name === 'github.com' && /(?:^|\.)users\.noreply\.github\.com$/.test(domain))
}

/** What the authors of a package publish of themselves: `"author": "Ann <…>"`, `@author`, `Copyright (c) … <…>`. */
const CREDIT_WORD =
  /@author|@copyright|copyright|\(c\)|©|__author__|authors?["']?[ \t]*[:=][ \t]*\[?|maintainer\b|maintained by|written by|contributed by|signed-off-by|co-authored-by|message-id/i
const CREDIT = new RegExp(`(?:${CREDIT_WORD.source})[^\\n]{0,70}$`, 'i')
/** A comment that names somebody: `# Contact: ann@…`, `// Based on code by Ann (ann@…)`. */
const COMMENT =
  /(?:^|\n)[ \t]*(?:#|\/\/|\*|--|;|%|""")[^\n]{0,80}\b(?:by|contact|from|author|bugs?|report|thanks|maintain\w*|mail)\b[^\n]{0,70}$/i
/** A comment that is a name and its address: `# Ann Lee <ann@…>` in the head of a file. */
const NAMED_COMMENT = /(?:^|\n)[ \t]{0,8}(?:#|\/\/|\*|;){1,3}[ \t]{0,8}(?:[A-Z][\w.'-]{0,24}[ ,]{1,2}){1,4}<$/
/** Lists of people in package files; the address stands a few lines below. */
const CREDIT_LIST = /"(?:contributors|maintainers|authors?|contact|bugs)"|contact:|authors =/g
const LONGEST_LIST = 800

/** Of the text at hand, where lists begin: the last one that ended before `asked`, and where the next one is looked for. */
const lists = { asked: 0, last: -1, from: 0, next: null as { start: number; end: number } | null }
function forgetLists(): void {
  lists.asked = 0
  lists.last = -1
  lists.from = 0
  lists.next = null
}
onForget(forgetLists)

/** Where the last list begins that stands before `start`; -1: there is none. Asked from the beginning of a text to its end. */
function lastList(text: string, start: number): number {
  turnTo(text)
  if (start < lists.asked) forgetLists()
  lists.asked = start
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

function isPublished(text: string, start: number): boolean {
  const line = startOfLine(text, start)
  if (isMarked(text, line, start)) {
    const comment = text.slice(line, start)
    if (COMMENT.test(comment) || (comment.endsWith('<') && NAMED_COMMENT.test(comment))) return true
  }
  if (mayBeCredited(text, line, start)) {
    const before = text.slice(line, start)
    if (CREDIT.test(before)) return !/\bAuthor: /.test(before)
  }
  const list = lastList(text, start)
  return list >= 0 && list >= start - LONGEST_LIST && !text.slice(list, start).includes(']')
}

/** Of the line in which `at` stands; of a long one, so many characters before `at`. */
function startOfLine(text: string, at: number): number {
  const least = Math.max(0, at - LONGEST_LINE)
  let from = at
  while (from > least && text.charCodeAt(from - 1) !== NEWLINE) from -= 1
  return from
}
const LONGEST_LINE = 110
const NEWLINE = 0x0a

/** Does what comments begin with stand at `from`, behind blanks? */
function isMarked(text: string, from: number, to: number): boolean {
  let at = from
  while (at < to && (text.charCodeAt(at) === SPACE || text.charCodeAt(at) === TAB)) at += 1
  return at < to && IS_COMMENT[text.charCodeAt(at)] === 1
}
const [SPACE, TAB] = [0x20, 0x09]
const IS_COMMENT = Uint8Array.from({ length: 128 }, (_, code) =>
  '#/*-;%"'.includes(String.fromCharCode(code)) ? 1 : 0,
)

/** Up to where the text at hand was looked through for what credits begin with, and before which place one stands. */
const credits = { asked: 0, before: -1 }
onForget(forgetCredits)
function forgetCredits(): void {
  credits.asked = 0
  credits.before = -1
}

/** A credit that begins before an address ends before it, or a few characters into it: `written by@…`. */
const LONGEST_CREDIT = 24

/** May a credit begin between `from` and `to`? Asked from the beginning of a text to its end, it reads each line once. */
function mayBeCredited(text: string, from: number, to: number): boolean {
  turnTo(text)
  if (to < credits.asked) forgetCredits()
  const unread = text.slice(Math.max(from, credits.asked - LONGEST_CREDIT), to)
  credits.asked = to
  if (CREDIT_WORD.test(unread)) credits.before = to
  return credits.before >= from
}

/** In `"…\nann@corp.de"` the `n` belongs to the line end. */
function afterWrittenEscape(text: string, start: number): number {
  return text.charCodeAt(start - 1) === BACKSLASH && /[nrt]/.test(text[start] ?? '') ? start + 1 : start
}
const BACKSLASH = 0x5c

/** `scheme://user:` or `scheme://` right before: the place of a login, which is another detector's. */
function isPartOfUrl(text: string, start: number): boolean {
  const least = Math.max(0, start - LONGEST_LOGIN)
  let at = start
  while (at > least && !isEndOfLogin(text.charCodeAt(at - 1))) at -= 1
  return text.charCodeAt(at - 1) === SLASH && text.charCodeAt(at - 2) === SLASH && text.charCodeAt(at - 3) === COLON
}
const LONGEST_LOGIN = 80
const ENDS_LOGIN = Uint8Array.from({ length: 128 }, (_, code) => (/[\s/@]/.test(String.fromCharCode(code)) ? 1 : 0))
const isEndOfLogin = (code: number): boolean =>
  code < 128 ? ENDS_LOGIN[code] === 1 : /\s/.test(String.fromCharCode(code))
