/**
 * Hostile texts that say something else every time, so that no look can be spared because the same was looked at before:
 * what somebody would write who has read the rules. The same in every run.
 */

/** A linear congruential generator: what matters is that runs compare. */
function seeded(name: string): (below: number) => number {
  let state = 1
  for (let at = 0; at < name.length; at += 1) state = (Math.imul(state, 31) + name.charCodeAt(at)) >>> 0
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor(((state >>> 8) / 0x1000000) * below)
  }
}

const SMALL = 'abcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
const LOCAL = '23456789'
const HEX = `${DIGITS}abcdef`
const ALL = `${SMALL}${SMALL.toUpperCase()}${DIGITS}`
const BASE64 = `${ALL}+/`
const PROVIDERS = 'aws github token secret key password azure google slack stripe segment datadog openai twilio'.split(
  ' ',
)
const SECRETS = ['key', 'token', 'secret', 'pass', 'auth', 'cred']

/** `some('abc', 3)`: three of these characters. */
type Some = (alphabet: string, count: number) => string
type OneOf = (choices: readonly string[]) => string

const PIECES: Readonly<Record<string, (some: Some, oneOf: OneOf) => string>> = {
  'short words assigned': (some) => `token: ${some(SMALL, 7)} `,
  'short values in quotes': (some) => `token:"${some(ALL, 9)}"`,
  'short keys': (some) => `api_key = ${some(ALL, 5)}-${some(DIGITS, 4)}\n`,
  'long passwords': (some) => `password="${some(SMALL, 60)}" `,
  'passwords of an environment': (some) => `PASSWORD=${some(`${ALL}!@#`, 12)}\n`,
  'dotted names': (some) => `secret.${some(SMALL, 3)}.${some(SMALL, 4)}=`,
  'names of secrets in one word': (_some, oneOf) => `${oneOf(SECRETS)}_`,
  'values that never end': (some) => `auth:${some(ALL, 2)}key:${some(ALL, 2)}pass:`,
  'names, and keys of a query': (some) => `key key key=${some(ALL, 8)}&`,
  'quotes and backslashes': (some) => `${some('\\"\'`', 6)}key${some('\\"\'`', 6)}`,
  'values below names, CRLF': (some) => `token\r\n    value: ${some(ALL, 9)}\r\n`,
  'Chinese names': (some) => `密码：${some(ALL, 9)} 密钥是${some(ALL, 12)}，`,
  'tokens in JSON': (some) => `"${some(SMALL, 6)}Token": "${some(ALL, 24)}",\n`,
  'providers and words': (some, oneOf) => `${oneOf(PROVIDERS)}_${some(ALL, 6)} `,
  'providers and keys': (some, oneOf) => `${oneOf(PROVIDERS)} ${some(ALL, 20)} `,
  'providers and hashes': (some, oneOf) => `${oneOf(PROVIDERS)}_key=${some(HEX, 31)} `,
  'three providers and a key': (some, oneOf) =>
    `${oneOf(PROVIDERS)} ${oneOf(PROVIDERS)} ${oneOf(PROVIDERS)} ${some(ALL, 33)} `,
  'providers and parts of keys': (some, oneOf) => `${oneOf(PROVIDERS)} ${some('abc0123-.+/', 60)} `,
  'prefixes of keys': (some, oneOf) => `${oneOf(['sk-', 'ghp_', 'AKIA', 'xoxb-', 'glpat-', 'npm_'])}${some(ALL, 12)} `,
  'beginnings of JWTs': (some) => `eyJ${some(BASE64, 10)}.`,
  'JWTs without an end': (some) => `eyJ${some(BASE64, 4000)}.`,
  'parts of JWTs': (some) => `eyJ${some(ALL, 20)}.eyJ${some(ALL, 30)}.${some(ALL, 40)} `,
  'keys without an end': (some) => `-----BEGIN RSA PRIVATE KEY-----\n${some(BASE64, 30)}`,
  'keys that are cut off': (some) => `-----BEGIN PRIVATE KEY-----\n${some(BASE64, 64)}\n${some(BASE64, 64)}\n`,
  'logins of URLs': (some) => `://${some(SMALL, 4)}:${some(SMALL, 4)}@`,
  'passwords of URLs': (some) => `pg://u:${some(ALL, 8)}@db `,
  'addresses without a domain': (some) => `${some(SMALL, 5)}@${some(SMALL, 4)}.`,
  'mail addresses': (some) => `${some(SMALL, 7)}@${some(SMALL, 6)}.com `,
  'digits of any length': (some) => `${some(DIGITS, 3)}${some(DIGITS, 1 + Number(some(DIGITS, 1)))} `,
  'digits and separators': (some) => `${some(DIGITS, 3)}${some('-. /,', 1)}`,
  'international numbers': (some) => `+${some(DIGITS, 10)} `,
  'international numbers of 40 digits': (some) => `+${some(DIGITS, 40)} `,
  'British telephone numbers': (some) => `+44 20 7${some(DIGITS, 3)} ${some(DIGITS, 4)} `,
  'American telephone numbers': (some) => `${some(LOCAL, 3)}-${some(LOCAL, 3)}-${some(DIGITS, 4)} `,
  'Chinese telephone numbers': (some) => `138${some(DIGITS, 8)} `,
  IBANs: (some) => `DE${some(DIGITS, 20)} `,
  'IBANs in groups': (some) => `DE${some(DIGITS, 2)} ${some(DIGITS, 4)} ${some(DIGITS, 4)} ${some(DIGITS, 4)} `,
  'cards in groups': (some) => `4${some(DIGITS, 3)} ${some(DIGITS, 4)} ${some(DIGITS, 4)} ${some(DIGITS, 4)} `,
  'hashes by line': (some) => `${some(HEX, 40)}\n`,
  'base64 in one piece': (some) => some(BASE64, 4000),
}

/** By name, `length` characters of each. */
export function hostileTexts(length: number): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(PIECES).map(([name, piece]) => {
      const below = seeded(name)
      const some: Some = (alphabet, count) =>
        Array.from({ length: count }, () => alphabet[below(alphabet.length)]).join('')
      const oneOf: OneOf = (choices) => choices[below(choices.length)] ?? ''
      const pieces: string[] = []
      for (let total = 0; total < length; total += pieces.at(-1)?.length ?? length) pieces.push(piece(some, oneOf))
      return [name, Buffer.from(pieces.join('').slice(0, length)).toString()]
    }),
  )
}
