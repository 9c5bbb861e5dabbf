/** Could a value be a secret, when nothing is known of it but the kind of its name and how it is written? */
import { asciiTable } from './ascii-table.ts'
import { isTrivialPassword } from './connection-string.ts'
import { hasEntropy, isMadeUp } from './randomness.ts'
import type { SecretNameKind } from './secret-name.ts'
import {
  CAPITALS,
  DASH,
  DIGITS,
  DOT,
  FOREIGN,
  marksOf,
  SLASH,
  SMALLS,
  SYMBOL,
  SYNTAX,
  UNDERSCORE,
} from './value-marks.ts'
import { wordShare } from './word-likeness.ts'

/** `quoted`: in quotes; `plain`: in an environment, YAML or INI file; `loose`: in code or prose, where it may be a name. */
export type ValueForm = 'quoted' | 'plain' | 'loose'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const HEX = /^[0-9a-f]+$/i
/** Paths, addresses, versions, dates, hashes that say so, calls, references, times and colours. */
const NAMES_SOMETHING =
  /^(?:[~.]{0,2}\/(?![A-Za-z0-9+/]{20,400}={1,2}$)|[A-Za-z]:\\|sha\d{1,3}[-:]|md5[-:]|data:|arn:|urn:|AAAAB3Nza|v?\d{1,4}[.-]\d{1,4}[.-]\d|\d[\d.,:/-]*$|#[0-9a-fA-F]{3,8}$|@[\w-]+\/|(?:process|os|env|config|ctx|this|self|secrets?|vars?|projects)[.:/])|:\/\/|\(|=>|&&|\$\(|\.(?:js|ts|json|ya?ml|py|go|java|md|txt|pem|key|crt|html?|css|png|svg|sh|com|org|net|io)$/
const ENVIRONMENT_NAME = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/
/** `SyntaxKind.NewKeyword2`, `users.*.apiKey`: the way to a value. */
const DOTTED = /^[A-Za-z_$*][\w$*]*(?:\.[A-Za-z_$*][\w$*]*)+$/
/** `hexPkcs8Key`: without quotes, another variable. */
const NAME_END = /[a-z0-9](?:Key|Token|Secret|Password|Passwd|Pwd|Name|Id|Value|Data|Config|Type)s?\d?$/
/** Roots of passwords in documentation, whatever digits and marks follow. */
const TEXTBOOK =
  /^(?:my|your|the|new|old|some|super|very|db|user|root|admin|test|strong|secure|top)*(?:pass(?:word|wd|phrase)?|pwd|pw|secret|token|key|apikey|value|string|foo|bar|baz|abc|qwerty|admin|user|test|demo|hello|world|null|none|true|false|undefined|redacted|hidden|secure|here)*$/i

const LONGEST_NAME_END = 11
const UUID_LENGTH = 36
const LEAST_RANDOM = 16
const LEAST_RANDOM_OF_KEY = 20

/** Shorter values are no secrets. */
const LEAST_OF_KIND: Readonly<Record<SecretNameKind, number>> = { password: 6, secret: 10, key: LEAST_RANDOM_OF_KEY }

/** Characters. */
export const leastOfKind = (kind: SecretNameKind): number => LEAST_OF_KIND[kind]

/** Says yes or no; never throws. `value` is without its quotes. */
export function isLikelySecret(value: string, kind: SecretNameKind, form: ValueForm): boolean {
  return value.length >= LEAST_OF_KIND[kind] && isOfKind(value, kind, form)
}

function isOfKind(value: string, kind: SecretNameKind, form: ValueForm): boolean {
  const marks = marksOf(value)
  if (kind === 'key' && (marks & MIXED) !== MIXED) return false
  if (isReference(value, marks) || isTrivialPassword(value, marks)) return false
  if (form === 'loose' && NAME_END.test(value.slice(-LONGEST_NAME_END))) return false
  switch (kind) {
    case 'password':
      return isWithoutWords(value, 12, marks) || isPassword(value, form, marks)
    case 'secret':
      return (
        isWithoutWords(value, LEAST_RANDOM, marks) ||
        (form !== 'loose' && (isUuid(value) || isShortSecret(value, marks)))
      )
    case 'key':
      return isUnmistakable(value) && isWithoutWords(value, LEAST_RANDOM_OF_KEY, marks)
  }
}

const MIXED = SMALLS | CAPITALS | DIGITS
const isUuid = (value: string): boolean => value.length === UUID_LENGTH && UUID.test(value)

function isReference(value: string, marks: number): boolean {
  if (mayNameSomething(value, marks) && NAMES_SOMETHING.test(value)) return true
  if ((marks & UNDERSCORE) !== 0 && (marks & SMALLS) === 0 && ENVIRONMENT_NAME.test(value)) return true
  if (BEGINS_REFERENCE[value.charCodeAt(0)] === 1 && /^(?:[&*]\w+$|--)/.test(value)) return true
  return (marks & DOT) !== 0 && DOTTED.test(value) && wordShare(value) > 0.15
}

/** Some of the characters are there that names of something have. */
function mayNameSomething(value: string, marks: number): boolean {
  if ((marks & (SYNTAX | DOT | SLASH | FOREIGN)) !== 0 || (marks & (SMALLS | CAPITALS)) === 0) return true
  const kind = BEGINS_SOMETHING[value.charCodeAt(0)]
  return kind === ALONE || (kind === WITH_DASH && (marks & DASH) !== 0)
}

const BEGINS_REFERENCE = asciiTable(/[&*-]/)
/** Of first characters of names of something without `.`, `/`, `:`: 1 when nothing more is needed, 2 with a hyphen. */
const ALONE = 1
const WITH_DASH = 2
const BEGINS_SOMETHING = asciiTable(/[~#@A]/).map((is, code) =>
  /[\dvsm]/.test(String.fromCharCode(code)) ? WITH_DASH : is,
)

/** Letters and digits without words, as a generator makes them. */
export function isRandom(value: string, least: number): boolean {
  return value.length >= least && !isMadeUp(value) && isWithoutWords(value, least, marksOf(value))
}

/** The same of a value that nobody made up. */
function isWithoutWords(value: string, least: number, marks: number): boolean {
  if (value.length < least || isUuid(value)) return false
  const hasDigit = (marks & DIGITS) !== 0
  if ((marks & (SMALLS | CAPITALS)) === 0 || (!hasDigit && value.length < 20)) return false
  const isHex = (marks & ~MIXED) === 0 && HEX.test(value)
  if (!hasEntropy(value, isHex ? 2.7 : Math.min(3.3, Math.log2(value.length) * 0.8))) return false
  return wordShare(value) < (hasDigit ? 0.45 : 0.25)
}

/** `Linux-node-<digest>`: the key of a cache. */
const ENDS_IN_DIGEST = /[-_:.][0-9a-f]{32,64}$/

/** Lower case, upper case and digits, mixed: neither a hash in hexadecimal nor a name. */
function isUnmistakable(value: string): boolean {
  if (ENDS_IN_DIGEST.test(value)) return false
  return /^[\w+/=.~-]+$/.test(value) && /[a-z]/.test(value) && /[A-Z]/.test(value) && /\d/.test(value)
}

/** Lower and upper case letters without words. */
const isMixed = (value: string, marks: number): boolean =>
  (marks & SMALLS) !== 0 && (marks & CAPITALS) !== 0 && wordShare(value) < 0.3

const isShortSecret = (value: string, marks: number): boolean =>
  value.length >= 10 && (marks & MIXED) === MIXED && isWithoutWords(value, 10, marks)

function isPassword(value: string, form: ValueForm, marks: number): boolean {
  if (value.length < 6 || value.length > 72 || isUuid(value)) return false
  if ((marks & (SMALLS | CAPITALS)) === 0 || isTextbook(value)) return false
  const hasDigit = (marks & DIGITS) !== 0
  const hasSymbol = (marks & SYMBOL) !== 0
  if (form === 'loose')
    return hasDigit && (hasSymbol ? wordShare(value) < 0.6 : value.length >= 8 && isMixed(value, marks))
  if (hasSymbol) return true
  return hasDigit && value.length >= 8 && wordShare(value) < 0.55
}

/** Its letters are words of documentation. */
const isTextbook = (value: string): boolean =>
  TEXTBOOK_BEGINNINGS.has(firstLetters(value)) && TEXTBOOK.test(value.replace(/[^A-Za-z]/g, ''))

/** The first two, small, as a number. */
function firstLetters(value: string): number {
  let letters = 0
  for (let at = 0, count = 0; at < value.length && count < 2; at += 1) {
    const small = value.charCodeAt(at) | 0x20
    if (small < 0x61 || small > 0x7a) continue
    letters = letters * 256 + small
    count += 1
  }
  return letters
}

/** Of all the words of `TEXTBOOK`. */
const TEXTBOOK_BEGINNINGS = new Set(
  'my yo th ne ol so su ve db us ro ad te st se to pa pw ke ap va fo ba ab qw he wo nu no tr fa un re hi de'
    .split(' ')
    .map((pair) => firstLetters(pair)),
)
