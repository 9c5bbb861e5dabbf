/** E-mail addresses of people: what is reserved for examples, answered by nobody, or no address at all is left alone. */
import { parse } from 'tldts'
import { asciiTable } from './ascii-table.ts'
import { isPublished } from './published.ts'
import { isWord, type Span } from './span.ts'

/** RFC 5321 section 4.5.3.1.1. */
const LONGEST_LOCAL = 64
const IS_LOCAL = asciiTable(/[A-Za-z0-9._%+-]/)
const DOMAIN = /(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![\w-])/y
const IS_MARK = asciiTable(/[.%+-]/)
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
const ENDS_LOGIN = asciiTable(/[\s/@]/)
const isEndOfLogin = (code: number): boolean =>
  code < 128 ? ENDS_LOGIN[code] === 1 : /\s/.test(String.fromCharCode(code))
