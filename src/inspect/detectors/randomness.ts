/** Does a value look made by a random generator, or by a person filling in an example? */

const EXAMPLE_WORDS =
  /example|sample|dummy|placeholder|changeme|change[-_]?me|your[-_]|[-_]your|redacted|insert|replace|foobar|xxxx|\*\*\*\*|\.\.\.|_here|-here|test[-_]?key|fake[-_]|not[-_]?real|todo/i

/** Shannon entropy in bits per character. */
export function entropy(text: string): number {
  const counts = new Map<number, number>()
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    counts.set(code, (counts.get(code) ?? 0) + 1)
  }
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}

/** Filled in by a person: an example word, a template, one character over and over, or a run of the alphabet. */
export function isMadeUp(value: string): boolean {
  if (EXAMPLE_WORDS.test(value) || /^[<{[$]|[>}]$|\$\{|\{\{|^%[A-Z_]+%$|^%[sdv]$/.test(value)) return true
  return isMonotonous(value)
}

/** Few different characters, or mostly steps of one: `aaaa…`, `1234567890abcdef`, `abcabcabc`. */
export function isMonotonous(value: string): boolean {
  const length = value.length
  if (length < 8) return false
  const distinct = new Set(value).size
  if (distinct < Math.min(6, length / 3)) return true
  let steps = 0
  let repeats = 0
  for (let index = 1; index < length; index += 1) {
    const step = value.charCodeAt(index) - value.charCodeAt(index - 1)
    if (step === 1 || step === -1) steps += 1
    if (step === 0) repeats += 1
  }
  return steps > length * 0.6 || repeats > length * 0.5 || isPeriodic(value)
}

function isPeriodic(value: string): boolean {
  for (let period = 1; period <= value.length / 3; period += 1) {
    if (value.slice(period) === value.slice(0, -period)) return true
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
