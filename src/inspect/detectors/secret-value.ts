/** Could a value be a secret, when nothing is known of it but the kind of its name and how it is written? */
import { isTrivialPassword } from './connection-string.ts'
import { entropy, isMadeUp } from './randomness.ts'
import type { SecretNameKind } from './secret-name.ts'
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
  if (isReference(value) || isTrivialPassword(value)) return false
  if (form === 'loose' && NAME_END.test(value)) return false
  switch (kind) {
    case 'password':
      return isWithoutWords(value, 12) || isPassword(value, form)
    case 'secret':
      return isWithoutWords(value, LEAST_RANDOM) || (form !== 'loose' && (UUID.test(value) || isShortSecret(value)))
    case 'key':
      return isUnmistakable(value) && isWithoutWords(value, LEAST_RANDOM_OF_KEY)
  }
}

type Range = readonly [first: number, last: number]
const DIGIT: Range = [0x30, 0x39]
const CAPITAL: Range = [0x41, 0x5a]
const SMALL: Range = [0x61, 0x7a]

function has(value: string, [first, last]: Range): boolean {
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at)
    if (code >= first && code <= last) return true
  }
  return false
}

function isReference(value: string): boolean {
  if (NAMES_SOMETHING.test(value) || ENVIRONMENT_NAME.test(value)) return true
  return /^(?:[&*]\w+$|--)/.test(value) || (DOTTED.test(value) && wordShare(value) > 0.15)
}

/** Letters and digits without words, as a generator makes them. */
export function isRandom(value: string, least: number): boolean {
  return value.length >= least && !isMadeUp(value) && isWithoutWords(value, least)
}

/** The same of a value that nobody made up. */
function isWithoutWords(value: string, least: number): boolean {
  if (value.length < least || UUID.test(value)) return false
  const hasDigit = has(value, DIGIT)
  if (!(has(value, SMALL) || has(value, CAPITAL)) || (!hasDigit && value.length < 20)) return false
  if (entropy(value) < (HEX.test(value) ? 2.7 : Math.min(3.3, Math.log2(value.length) * 0.8))) return false
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
const isMixed = (value: string): boolean => has(value, SMALL) && has(value, CAPITAL) && wordShare(value) < 0.3

function isShortSecret(value: string): boolean {
  return (
    value.length >= 10 && has(value, DIGIT) && has(value, CAPITAL) && has(value, SMALL) && isWithoutWords(value, 10)
  )
}

function isPassword(value: string, form: ValueForm): boolean {
  if (value.length < 6 || value.length > 72 || UUID.test(value)) return false
  const root = value.replace(/[^A-Za-z]/g, '')
  if (root === '' || TEXTBOOK.test(root)) return false
  const hasDigit = /\d/.test(value)
  const hasSymbol = /[!@#$%^&*?+=~|]/.test(value)
  if (form === 'loose') return hasDigit && (hasSymbol ? wordShare(value) < 0.6 : value.length >= 8 && isMixed(value))
  if (hasSymbol) return true
  return hasDigit && value.length >= 8 && wordShare(value) < 0.55
}
