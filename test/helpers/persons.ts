/** The persons that a Weir wrote, decrypted with its own keys. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPersonReader } from '../../src/audit/person-reader.ts'

export interface WrittenPerson extends Record<string, unknown> {
  readonly id: string
}

/** One for each personal line in the folder of a Weir; those that nobody can read are left out. */
export function personsOf(dir: string): WrittenPerson[] {
  const data = join(dir, 'data')
  const folder = join(data, 'audit')
  const read = createPersonReader(data)
  return readdirSync(folder)
    .filter((name) => name.startsWith('personal') && name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1))
    .flatMap((line) => {
      const person = read(line)
      const { id } = JSON.parse(line) as { readonly id: string }
      // The order of the fields is that of the line.
      return person === null ? [] : [{ id, ...person }]
    })
}

/** The same as text. */
export const personTextOf = (dir: string): string =>
  personsOf(dir)
    .map((person) => JSON.stringify(person))
    .join('\n')
