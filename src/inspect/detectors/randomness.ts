/** Does a value look made by a random generator, or by a person filling in an example? */
import { asciiTable } from './ascii-table.ts'

const EXAMPLE_WORDS =
  /example|sample|dummy|placeholder|changeme|change[-_]?me|your[-_]|[-_]your|redacted|insert|replace|foobar|xxxx|\*\*\*\*|\.\.\.|_here|-here|test[-_]?key|fake[-_]|not[-_]?real|(?<![a-z0-9])todo(?![a-z0-9])/i

/** How often each ASCII character occurs in the text at hand; all zero between two calls. */
const COUNTS = new Uint16Array(128)
/** Longer texts, and those with other characters, are counted in a map. */
const LONGEST_COUNTED = 1024

/** `null`: too long, or not ASCII. Who gets a number sets `COUNTS` to zero again. */
function countAscii(text: string): number | null {
  if (text.length > LONGEST_COUNTED) return null
  let distinct = 0
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code >= 128) {
      COUNTS.fill(0)
      return null
    }
    const count = COUNTS[code] ?? 0
    if (count === 0) distinct += 1
    COUNTS[code] = count + 1
  }
  return distinct
}

function distinctCharacters(text: string): number {
  const distinct = countAscii(text)
  if (distinct === null) return new Set(text).size
  COUNTS.fill(0)
  return distinct
}

/** Of the commonest counts and lengths, once they were asked for. */
const TERMS = new Float64Array(8 * 512)

/** What characters that occur so often add to the entropy. */
function termOf(count: number, length: number): number {
  if (count >= 8 || length >= 512) return (count / length) * Math.log2(count / length)
  const known = TERMS[length * 8 + count] ?? 0
  if (known !== 0 || count === length) return known
  const term = (count / length) * Math.log2(count / length)
  TERMS[length * 8 + count] = term
  return term
}

/** Shannon entropy in bits per character. */
export function entropy(text: string): number {
  let bits = 0
  if (countAscii(text) !== null) {
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index)
      const count = COUNTS[code] ?? 0
      if (count === 0) continue
      bits -= termOf(count, text.length)
      COUNTS[code] = 0
    }
    return bits
  }
  const counts = new Map<number, number>()
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    counts.set(code, (counts.get(code) ?? 0) + 1)
  }
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}

/** Filled in by a person: an example word, a template, one character over and over, or a run of the alphabet. */
export const isMadeUp = (value: string): boolean =>
  (mayBeExample(value) && (EXAMPLE_WORDS.test(value) || STAND_IN.test(value))) || isMonotonous(value)

const STAND_IN = /^[<{[]|^\$(?![A-Za-z0-9]{1,8}\$)|[>}]$|\$\{|\{\{|^%[A-Z_]+%$|^%[sdv]$/

/** Three characters in a row of each of the words of `EXAMPLE_WORDS`. */
const PARTS = 'xam mpl dum eho ang you dac nse epl oba xxx *** ... her tes fak rea tod'
/** Of three characters, five bits of each, 1: they may be such a part. */
const IS_PART = new Uint8Array(1 << 15)
for (const part of PARTS.split(' ')) IS_PART[hashOf(part)] = 1

function hashOf(part: string): number {
  let hash = 0
  for (let at = 0; at < part.length; at += 1) hash = next(hash, part.charCodeAt(at))
  return hash
}

/** Capital letters have the five bits of small ones. */
function next(hash: number, code: number): number {
  return ((hash << 5) | (code & 31)) & 0x7fff
}

/** A quick no, without the regular expressions: neither part of an example word, nor a mark of stand-ins. */
function mayBeExample(value: string): boolean {
  if (BORDERS[value.charCodeAt(0)] === 1 || BORDERS[value.charCodeAt(value.length - 1)] === 1) return true
  let hash = 0
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at)
    hash = next(hash, code)
    if (code === BRACE || (IS_PART[hash] === 1 && at >= 2)) return true
  }
  return false
}

const BRACE = 0x7b
const BORDERS = asciiTable(/[<{[$%>}]/)

/** Few different characters, or mostly steps of one: `aaaa…`, `1234567890abcdef`, `abcabcabc`. */
export function isMonotonous(value: string): boolean {
  const length = value.length
  if (length < 8) return false
  const least = Math.min(6, length / 3)
  if (someDistinct(value) < least && distinctCharacters(value) < least) return true
  let steps = 0
  let repeats = 0
  let before = value.charCodeAt(0)
  for (let index = 1; index < length; index += 1) {
    const code = value.charCodeAt(index)
    const step = code - before
    if (step === 1 || step === -1) steps += 1
    if (step === 0) repeats += 1
    before = code
  }
  return steps > length * 0.6 || repeats > length * 0.5 || isPeriodic(value)
}

/** At least so many different characters, at most 32: without the memory that it takes to count them all. */
function someDistinct(value: string): number {
  let seen = 0
  for (let index = 0; index < value.length; index += 1) seen |= 1 << (value.charCodeAt(index) & 31)
  let count = 0
  for (; seen !== 0; seen &= seen - 1) count += 1
  return count
}

/** Is the entropy (bits per character) at least this? Told without counting of what has many different characters. */
export function hasEntropy(text: string, least: number): boolean {
  return leastEntropy(text.length, someDistinct(text)) > least + ROUNDING || entropy(text) >= least
}

const ROUNDING = 1e-9
const LONGEST_KNOWN = 128
/** By length and number of different characters, once it was asked for. */
const LEAST_ENTROPY = new Float64Array(LONGEST_KNOWN * 33)

/** Of texts so long with so many different characters: of those in which all but one of them stand once. 0: not known. */
function leastEntropy(length: number, distinct: number): number {
  if (length >= LONGEST_KNOWN || distinct < 2) return 0
  const at = length * 33 + distinct
  const known = LEAST_ENTROPY[at] ?? 0
  if (known !== 0) return known
  const often = (length - distinct + 1) / length
  const bits = ((distinct - 1) / length) * Math.log2(length) - often * Math.log2(often)
  LEAST_ENTROPY[at] = bits
  return bits
}

function isPeriodic(value: string): boolean {
  for (let period = 1; period <= value.length / 3; period += 1) {
    let at = period
    while (at < value.length && value.charCodeAt(at) === value.charCodeAt(at - period)) at += 1
    if (at === value.length) return true
  }
  return false
}

/** An identifier made of words: `myServiceAccountToken`, `some-long-option-name`, `MAX_SIZE`; no secret looks like it. */
export function isWordy(value: string): boolean {
  if (!/^[A-Za-z]+(?:[-_. ][A-Za-z]+)*$/.test(value)) return false
  const words = value.split(/[-_. ]|(?<=[a-z])(?=[A-Z])/)
  return words.every((word) => /^(?:[A-Z]?[a-z]+|[A-Z]+)$/.test(word)) && value.length / words.length >= 3
}

/** Paths, hosts, versions, UUIDs, code and dates: values with digits that name a secret, or something else. */
const NAMES_SOMETHING =
  /^[~.]{0,2}\/|^[a-z0-9_.-]+\/[a-z0-9_./:-]*$|:\/\/|^[a-z]+(?:[._-][a-z]*\d*)*$|^[0-9a-f]{8}-[0-9a-f]{4}-|^v?\d+[.\d-]+|\(|^(?:process|os|env|config|ctx|this|self|data|arn|projects)[.:/]|^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$|==|=>|&&/

/** Could a value assigned to something called a secret be one, when nothing else is known of it? */
export function isGenericSecret(value: string): boolean {
  if (!/\d/.test(value) || !/[A-Za-z]/.test(value) || NAMES_SOMETHING.test(value)) return false
  return entropy(value) >= Math.min(3.4, Math.log2(value.length) * 0.85) && !isMadeUp(value)
}
