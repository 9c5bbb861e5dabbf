/** Values of a client on their way to a thread: ten thousand objects would take the main thread as many microseconds to copy. */
import type { KeptValue } from '../inspect/vault.ts'

export interface PackedValues {
  /** All values behind each other; `ends`: where each ends. */
  readonly text: string
  readonly ends: Uint32Array
  /** Of each value the number of its kind. */
  readonly numbers: Uint16Array
  readonly kinds: readonly Kind[]
}

type Kind = Pick<KeptValue, 'detector' | 'severity'>

export function packValues(values: Iterable<KeptValue>): PackedValues {
  const texts: string[] = []
  const ends: number[] = []
  const numbers: number[] = []
  const kinds: Kind[] = []
  const kindNumbers = new Map<string, number>()
  let last: Kind | null = null
  let number = 0
  let end = 0
  for (const { value, detector, severity } of values) {
    if (last === null || detector !== last.detector || severity !== last.severity) {
      last = { detector, severity }
      const key = `${severity} ${detector}`
      number = kindNumbers.get(key) ?? kinds.push(last) - 1
      kindNumbers.set(key, number)
    }
    end += value.length
    texts.push(value)
    ends.push(end)
    numbers.push(number)
  }
  return { text: texts.join(''), ends: Uint32Array.from(ends), numbers: Uint16Array.from(numbers), kinds }
}

export function unpackValues({ text, ends, numbers, kinds }: PackedValues): KeptValue[] {
  const values: KeptValue[] = []
  let start = 0
  for (const [index, end] of ends.entries()) {
    const kind = kinds[numbers[index] ?? 0]
    if (kind !== undefined) values.push({ value: text.slice(start, end), ...kind })
    start = end
  }
  return values
}
