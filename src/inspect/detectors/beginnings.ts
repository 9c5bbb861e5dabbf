/** With which runs of digits the numbers of each finder may begin, so that no other run costs a look. */
import type { Beginning } from '../digit-runs.ts'
import { cardBegins, chinaIdBegins, ibanBegins } from './numbers.ts'
import { phoneBegins } from './phone.ts'

/** By finder; those that are not named may begin anywhere. */
export const BEGINNINGS: ReadonlyMap<string, Beginning> = new Map([
  ['card', cardBegins],
  ['china-id', chinaIdBegins],
  ['iban', ibanBegins],
  ['phone', phoneBegins],
])
