/** The code that rules may name: finders look at a trigger, validators at a matched value. */
import { findAssignedSecret } from './assignment.ts'
import { hasCrc32Base62, hasCrc32Hex, hasCrc32HexSwapped, isLuhn } from './checksums.ts'
import { findUrlPassword, isBasicCredentials, isTrivialPassword } from './connection-string.ts'
import { findEmail } from './email.ts'
import { isJwt } from './jwt.ts'
import {
  isAadhaar,
  isBsn,
  isCpf,
  isHongKongId,
  isKoreanId,
  isNir,
  isNric,
  isPesel,
  isSpanishId,
  isSsn,
  isTaiwanId,
} from './national-ids.ts'
import { findCard, findChinaId, findIban } from './numbers.ts'
import { findPem } from './pem.ts'
import { findPhone } from './phone.ts'
import { isGenericSecret, isWordy } from './randomness.ts'
import { isRandom } from './secret-value.ts'
import type { Finder } from './span.ts'

export type Validator = (value: string) => boolean

export const FINDERS: ReadonlyMap<string, Finder> = new Map<string, Finder>([
  ['assigned-secret', findAssignedSecret],
  ['card', findCard],
  ['china-id', findChinaId],
  ['email', findEmail],
  ['iban', findIban],
  ['pem', findPem],
  ['phone', findPhone],
  ['url-password', findUrlPassword],
])

/** How far from its trigger each finder looks, in characters either way; `pem` looks to the end of the text. */
export const REACHES: ReadonlyMap<string, number> = new Map([
  ['assigned-secret', 1400],
  ['card', 64],
  ['china-id', 64],
  ['email', 1500],
  ['iban', 96],
  ['phone', 96],
  ['url-password', 800],
])

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export const VALIDATORS: ReadonlyMap<string, Validator> = new Map<string, Validator>([
  ['crc32-base62', hasCrc32Base62],
  ['crc32-hex', hasCrc32Hex],
  ['crc32-hex-swapped', hasCrc32HexSwapped],
  ['jwt', isJwt],
  ['luhn', (value) => isLuhn(value.replace(/\D/g, ''))],
  ['aadhaar', isAadhaar],
  ['bsn', isBsn],
  ['cpf', isCpf],
  ['hong-kong-id', isHongKongId],
  ['korean-id', isKoreanId],
  ['nir', isNir],
  ['nric', isNric],
  ['pesel', isPesel],
  ['spanish-id', isSpanishId],
  ['ssn', isSsn],
  ['taiwan-id', isTaiwanId],
  ['not-words', (value) => !isWordy(value)],
  ['basic-credentials', isBasicCredentials],
  ['not-trivial-password', (value) => !isTrivialPassword(value)],
  ['generic-secret', isGenericSecret],
  ['random', (value) => UUID.test(value) || isRandom(value, 12)],
  ['base32', (value) => /^[A-Z2-7]+$/.test(value)],
  ['has-digit', (value) => /\d/.test(value)],
  ['has-letter', (value) => /[A-Za-z]/.test(value)],
  ['mixed-case', (value) => /[a-z]/.test(value) && /[A-Z]/.test(value)],
])
