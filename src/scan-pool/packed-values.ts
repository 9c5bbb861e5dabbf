/** Values of a client on their way to a thread: ten thousand objects would take the main thread as many microseconds to copy. */
import type { KeptValue } from '../inspect/vault.ts'

export interface PackedValues {
  readonly texts: readonly string[]
  /** Of each text the number of its kind. */
  readonly numbers: Uint16Array
  readonly kinds: readonly Kind[]
}

type Kind = Pick<KeptValue, 'detector' | 'severity'>

export function packValues(values: Iterable<KeptValue>): PackedValues {
  const texts: string[] = []
  const numbers: number[] = []
  const kinds: Kind[] = []
  const kindNumbers = new Map<string, number>()
  for (const { value, detector, severity } of values) {
    const key = `${severity} ${detector}`
    const number = kindNumbers.get(key) ?? kinds.push({ detector, severity }) - 1
    kindNumbers.set(key, number)
    texts.push(value)
    numbers.push(number)
  }
  return { texts, numbers: Uint16Array.from(numbers), kinds }
}

export const unpackValues = ({ texts, numbers, kinds }: PackedValues): KeptValue[] =>
  texts.flatMap((value, index) => {
    const kind = kinds[numbers[index] ?? 0]
    return kind === undefined ? [] : [{ value, ...kind }]
  })
