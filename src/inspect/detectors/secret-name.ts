/** What the name of a variable, field, flag or header says about the value that it is given. */
import { onForget } from './value-runs.ts'

/**
 * `password`: made by a person, so almost anything. `secret`: made by a machine. `key`: perhaps a secret, perhaps the key
 * of a map; only a value that can be nothing else counts.
 */
export type SecretNameKind = 'password' | 'secret' | 'key'

/** Words after the one that counts: `API_KEY_PROD`, `tokenValue`, `password2`. */
const TRAILING =
  /^(?:\d+|v\d|prod|production|dev|development|test|testing|staging|stage|live|sandbox|default|value|val|str|string|text|plain|plaintext|raw|base64|b64|encoded|env|main|primary|secondary|old|new|current|here|backup|base|rw|ro)$/
const PASSWORD =
  /(?:passw(?:or)?[dt]|passwrd|kennwort|senha|wachtwoord|haslo|adgangskode|salasana|heslo|parola|^passe|passphrase|passcode|pwd|pswd|(?:^|user|db|root|admin|smtp|ftp|mail|my)pass|^pw|^psw)$/
const SECRET =
  /(?:secrets?|token|(?:api|access|secret|private|auth|app|master|signing|encryption|license|account|shared|client|storage)_?key|credentials?|^creds?|^pat|^authorization|^bearer|^jwt|^psk)$/
const KEY_OF_SECRETS =
  /^(?:\w*api|access|secret|private|priv|signing|sign|encryption|encrypt|crypto|auth|authentication|authorization|license|licence|client|app|application|account|master|shared|webhook|hook|service|server|admin|deploy|ssh|subscription|consumer|security|cipher|hmac|jwt|cookie|storage|write|ingest|ingestion|integration|project|sdk|rest|bot|functions?|session|aes|rsa|validation|decryption|totp|mfa|vpn|wireguard|preshared|seed|wallet|ca|dsa|ecdsa|stream|management)$/
const PERHAPS = /^(?:auth|sid|sess|session|sessionid|cookie|salt|sas|license|licence|webhook|\w*key)$/
/** Known to everybody by design, or no credential at all. */
const HARMLESS =
  /^(?:public|pub|publishable|csrf|xsrf|nonce|captcha|recaptcha|socket|sitekey|site|cache|idempotency|etag|publickeytoken|fingerprint|thumbprint|sort|partition|primary|foreign|routing|keyboard|monkey|turkey|hotkey|donkey|hockey|whiskey|jockey|disney)$/

/** What was said of the names of the text at hand. */
const KNOWN = new Map<string, SecretNameKind | null>()
const MOST_KNOWN = 256
onForget(() => {
  KNOWN.clear()
})

/** `null`: the name is of something else. `name` is as written: any case style, dots and hyphens. */
export function secretNameKind(name: string): SecretNameKind | null {
  const known = KNOWN.get(name)
  if (known !== undefined) return known
  const kind = kindOf(name)
  if (KNOWN.size >= MOST_KNOWN) KNOWN.clear()
  KNOWN.set(name, kind)
  return kind
}

function kindOf(name: string): SecretNameKind | null {
  const words = wordsOf(name)
  while (words.length > 1 && TRAILING.test(words.at(-1) ?? '')) words.pop()
  const last = words.at(-1) ?? ''
  if (words.some((word) => HARMLESS.test(word))) return null
  if (PASSWORD.test(last)) return 'password'
  if (SECRET.test(last)) return 'secret'
  if (last === 'key' && KEY_OF_SECRETS.test(words.at(-2) ?? '')) return 'secret'
  if (isSecretOf(name, words)) return 'secret'
  return PERHAPS.test(last) ? 'key' : null
}

/** `API_KEY_ACME`, `TOKEN_ACME`: in names of variables of an environment, for whom it is may stand behind. */
const BEFORE_ITS_OWNER =
  /^(?:(?:API|AUTH|ACCESS|SECRET|CLIENT|BOT|APP|DEPLOY)_?(?:KEY|TOKEN|SECRET)|SECRET|TOKEN)_[A-Z]/
const NO_OWNER =
  /^(?:ids?|names?|ur[il]s?|paths?|files?|dir|ttl|expir\w*|length|size|len|min|max|count|limit|type|kind|hash|version|arn|algo?|algorithm|header|prefix|suffix|format|field|param|regex|pattern|policy|rotation|timeout|age|interval|enabled|required|mode|scopes?|issuer|audience|endpoint|provider|source|store|manager|ref|keys?|error|invalid|missing|reset|change|label|placeholder|title|message|cookie|cache|index|rounds|days|hours|minutes|seconds|ms|at|in|by|for|not|is|of|to|on|var|address|contract|symbol|list|map|set|usage|price|budget|region|engine|backend|class|hint|info|data|digest|checksum)$/

const isSecretOf = (name: string, words: readonly string[]): boolean =>
  BEFORE_ITS_OWNER.test(name) && /^[A-Z0-9_]+$/.test(name) && !NO_OWNER.test(words.at(-1) ?? '')

function wordsOf(name: string): string[] {
  if (/^[a-z0-9]+$/.test(name)) return [name]
  return /[^\x00-\x7f]/.test(name) ? wordsOfForeign(name) : wordsOfAscii(name)
}

function wordsOfAscii(name: string): string[] {
  const words: string[] = []
  let from = 0
  for (let at = 0; at <= name.length; at += 1) {
    const kind = kindAt(name, at)
    if (kind !== OTHER && !isNewWord(name, at)) continue
    if (at > from) words.push(name.slice(from, at).toLowerCase())
    from = kind === OTHER ? at + 1 : at
  }
  return words
}

/** `T` of `myToken` and of `APIToken`. */
function isNewWord(name: string, at: number): boolean {
  if (at === 0 || kindAt(name, at) !== UPPER) return false
  const before = kindAt(name, at - 1)
  return before === LOWER || before === DIGIT || (before === UPPER && kindAt(name, at + 1) === LOWER)
}

const OTHER = 0
const LOWER = 1
const UPPER = 2
const DIGIT = 3
const KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const letter = String.fromCharCode(code)
  if (/[a-z]/.test(letter)) return LOWER
  if (/[A-Z]/.test(letter)) return UPPER
  return /[0-9]/.test(letter) ? DIGIT : OTHER
})
const kindAt = (name: string, at: number): number => KINDS[name.charCodeAt(at)] ?? OTHER

function wordsOfForeign(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
}
