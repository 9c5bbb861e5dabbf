/** Numbers of persons and accounts with right check digits, made anew for every seed: `<card>`, `<iban-de>`, `<cn-id>` … */
import { createHash } from 'node:crypto'

const digits = (count: number, seed: string): string =>
  Array.from(createHash('sha256').update(seed).digest().subarray(0, count), (byte) => byte % 10).join('')

const MAKERS: Readonly<Record<string, (seed: string) => string>> = {
  card: (seed) => luhn(`4${digits(14, seed)}`),
  'card-spaced': (seed) => luhn(`4${digits(14, seed)}`).replace(/(....)(?=.)/g, '$1 '),
  'card-mc': (seed) => luhn(`54${digits(13, seed)}`),
  'card-amex': (seed) => luhn(`37${digits(12, seed)}`),
  'card-cn': (seed) => luhn(`622202${digits(12, seed)}`),
  'iban-de': (seed) => iban('DE', `37040044${digits(10, seed)}`),
  'iban-de-spaced': (seed) => iban('DE', `37040044${digits(10, seed)}`).replace(/(....)(?=.)/g, '$1 '),
  'iban-nl': (seed) => iban('NL', `ABNA${digits(10, seed)}`),
  'iban-fr': (seed) => iban('FR', `2004101005${digits(13, seed)}`),
  'cn-id': (seed) => chinaId(`32050219880714${digits(3, seed)}`),
  ssn: (seed) => `5${digits(2, `${seed}a`)}-4${digits(1, `${seed}b`)}-1${digits(3, `${seed}c`)}`,
  cpf: (seed) => cpf(`3${digits(8, seed)}`),
  aadhaar: (seed) => verhoeff(`4${digits(10, seed)}`),
}

/** Puts made-up numbers into the slots that `expandExample` does not know. */
export const fillPersonal = (text: string, seed: string): string =>
  text.replace(/<([a-z]+(?:-[a-z]+)*)>/g, (slot, name: string) => MAKERS[name]?.(`${seed}/${name}`) ?? slot)

function luhn(body: string): string {
  let sum = 0
  for (let at = 0; at < body.length; at += 1) {
    const digit = Number(body[body.length - 1 - at]) * (at % 2 === 0 ? 2 : 1)
    sum += digit > 9 ? digit - 9 : digit
  }
  return `${body}${(10 - (sum % 10)) % 10}`
}

/** ISO 13616: mod 97 of the rearranged number is 1. */
function iban(country: string, account: string): string {
  const number = `${account}${country}00`.replace(/[A-Z]/g, (letter) => `${letter.charCodeAt(0) - 55}`)
  return `${country}${`${98n - (BigInt(number) % 97n)}`.padStart(2, '0')}${account}`
}

/** GB 11643: ISO 7064 MOD 11-2. */
function chinaId(body: string): string {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
  const sum = weights.reduce((total, weight, at) => total + weight * Number(body[at]), 0)
  return body + '10X98765432'.charAt(sum % 11)
}

function cpf(body: string): string {
  const check = (text: string): string => {
    const sum = Array.from(text, Number).reduce((total, digit, at) => total + digit * (text.length + 1 - at), 0)
    return `${((sum * 10) % 11) % 10}`
  }
  const ten = body + check(body)
  const all = ten + check(ten)
  return `${all.slice(0, 3)}.${all.slice(3, 6)}.${all.slice(6, 9)}-${all.slice(9)}`
}

const TIMES = '0123456789123406789523401789563401289567401239567859876043216598710432765982104387659321049876543210'
const PERMUTED = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
]
const INVERSE = '0432156789'

function verhoeff(body: string): string {
  let check = 0
  for (let at = 0; at < body.length; at += 1) {
    const permuted = Number(PERMUTED[(at + 1) % 8]?.[Number(body[body.length - 1 - at])])
    check = Number(TIMES[check * 10 + permuted])
  }
  const all = body + INVERSE.charAt(check)
  return `${all.slice(0, 4)} ${all.slice(4, 8)} ${all.slice(8)}`
}
