/**
 * Examples of rule files are written as templates, so that no file of this project holds anything that looks like a
 * working secret to a scanner. `<alnum:36>` becomes 36 characters that look random and are the same on every run.
 */

import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { crc32Base62 } from './detectors/checksums.ts'

const DIGITS = '0123456789'
const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const UPPER = LOWER.toUpperCase()
const ALPHABETS: Readonly<Record<string, string>> = {
  digit: DIGITS,
  lower: LOWER,
  upper: UPPER,
  hex: `${DIGITS}abcdef`,
  HEX: `${DIGITS}ABCDEF`,
  alnum: DIGITS + LOWER + UPPER,
  loweralnum: DIGITS + LOWER,
  upperalnum: DIGITS + UPPER,
  base32: `${UPPER}234567`,
  lowerbase32: `${LOWER}234567`,
  BECH32: 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L',
  base64: `${DIGITS}${LOWER}${UPPER}+/`,
  base64url: `${DIGITS}${LOWER}${UPPER}-_`,
}

/**
 * Fills in `<alphabet:length>`, `<crc:6>` (the check characters of the thirty before), `<jwt>` and `<uuid>`; `<nl>` is a
 * line end. Anything else in angle brackets stays.
 */
export function expandExample(template: string, seed: string): string {
  let text = ''
  let rest = template
  for (let count = 0; rest !== ''; count += 1) {
    const slot = /<(?:([A-Za-z0-9]+):(\d+)|jwt|uuid|nl)>/.exec(rest)
    if (slot === null) return text + rest
    text += rest.slice(0, slot.index)
    text += fill(slot, text, `${seed}/${count}`)
    rest = rest.slice(slot.index + slot[0].length)
  }
  return text
}

function fill(slot: RegExpExecArray, before: string, seed: string): string {
  if (slot[0] === '<nl>') return '\n'
  if (slot[0] === '<jwt>') return exampleJwt(seed)
  if (slot[0] === '<uuid>') return [8, 4, 4, 4, 12].map((length, at) => random('hex', length, `${seed}${at}`)).join('-')
  const [, alphabet = '', length = '0'] = slot
  if (alphabet === 'crc') return crc32Base62(before.slice(-30))
  return ALPHABETS[alphabet] === undefined ? slot[0] : random(alphabet, Number(length), seed)
}

function random(alphabet: string, length: number, seed: string): string {
  const letters = ALPHABETS[alphabet] ?? ''
  let text = ''
  for (let block = 0; text.length < length; block += 1) {
    for (const byte of createHash('sha256').update(`${seed}#${block}`).digest())
      text += letters[byte % letters.length] ?? ''
  }
  return text.slice(0, length)
}

function exampleJwt(seed: string): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: seed, iat: 1700000000 })}.${random('base64url', 43, seed)}`
}
