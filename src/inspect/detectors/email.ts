/** E-mail addresses of people: what is reserved for examples, answered by nobody, or no address at all is left alone. */
import { parse } from 'tldts'
import type { Span } from './span.ts'
import { onForget, turnTo } from './value-runs.ts'

/** RFC 5321 section 4.5.3.1.1. */
const LONGEST_LOCAL = 64
const IS_LOCAL = Uint8Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z0-9._%+-]/.test(String.fromCharCode(code)) ? 1 : 0,
)
const DOMAIN = /(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![\w-])/y
const NOBODY =
  /^(?:git|hg|svn|no-?reply|do-?not-?reply|user|username|you|your|me|name|email|foo|bar|test|root|localhost)$/i
/** Names set aside by RFC 2606 and RFC 6761, and the usual stand-ins. */
const NO_DOMAIN =
  /(?:^|\.)(?:example\.(?:com|org|net|edu|cn)|(?:test|example|invalid|localhost|local|internal)|users\.noreply\.github\.com|(?:email|domain|mydomain|yourdomain|company|yourcompany|foo|bar)\.(?:com|org|net))$/i

/** `icon@2x.png`, `main@1.2.rs`; 163, 126 and their like are mail providers of China. */
const NUMBERED = /(?:^|\.)(?!(?:126|139|163|188|189|263)\.(?:com|cn|net)$)\d+x?\./

/** `at` is where the `@` stands. */
export function findEmail(text: string, at: number): Span | null {
  const start = startOfLocal(text, at)
  if (!isPersonal(text.slice(start, at)) || isPartOfUrl(text, start)) return null
  DOMAIN.lastIndex = at + 1
  const domain = DOMAIN.exec(text)?.[0]
  if (domain === undefined || !isMailDomain(domain) || isPublished(text, start)) return null
  const end = at + 1 + domain.length
  // `git@host:path` and `pkg@host/…` are locations, `name@host(` is code
  return /^(?::[\w~/]|\/\w|\()/.test(text.slice(end, end + 2)) ? null : { start, end }
}

function startOfLocal(text: string, at: number): number {
  let start = at
  while (start > 0 && at - start <= LONGEST_LOCAL && IS_LOCAL[text.charCodeAt(start - 1)] === 1) start -= 1
  while (start < at && /[.%+-]/.test(text[start] ?? '')) start += 1
  return afterWrittenEscape(text, start)
}

const isPersonal = (local: string): boolean =>
  local !== '' && local.length <= LONGEST_LOCAL && !local.endsWith('.') && !NOBODY.test(local)

function isMailDomain(domain: string): boolean {
  if (NO_DOMAIN.test(domain) || NUMBERED.test(domain)) return false
  const { isIcann, domainWithoutSuffix, publicSuffix } = parse(domain)
  // file names whose ending happens to be a top-level domain: icon@2x.png has none, main@abc.rs has
  if (isIcann !== true || /^(?:rs|py|sh|pl|md|zip|mov|so|cc|ps|java|name)$/.test(publicSuffix ?? '')) return false
  return (domainWithoutSuffix ?? '').length > 1
}

/** What the authors of a package publish of themselves: `"author": "Ann <…>"`, `@author`, `Copyright (c) … <…>`. */
const CREDIT =
  /(?:@author|@copyright|copyright|\(c\)|©|__author__|authors?["']?[ \t]*[:=][ \t]*\[?|maintainer\b|maintained by|written by|contributed by|signed-off-by|co-authored-by|message-id)[^\n]{0,70}$/i
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
  const line = text.slice(Math.max(0, start - 110), start)
  if (COMMENT.test(line) || (line.endsWith('<') && NAMED_COMMENT.test(line))) return true
  if (CREDIT.test(line)) return !/\bAuthor: /.test(line)
  const list = lastList(text, start)
  return list >= 0 && list >= start - LONGEST_LIST && !text.slice(list, start).includes(']')
}

/** In `"…\nann@corp.de"` the `n` belongs to the line end. */
function afterWrittenEscape(text: string, start: number): number {
  return text[start - 1] === '\\' && /[nrt]/.test(text[start] ?? '') ? start + 1 : start
}

/** `scheme://user:` or `scheme://` right before: the place of a login, which is another detector's. */
function isPartOfUrl(text: string, start: number): boolean {
  return /:\/\/[^\s/@]{0,80}$/.test(text.slice(Math.max(0, start - 90), start))
}
