/** Who stands behind a record: the fields of a personal line, its digest, and the function by which readers get at them. */
import { hash } from 'node:crypto'

/** The person of one record, as its personal line says it. */
export interface PersonFields {
  readonly addr: string
  readonly user: string | null
  readonly groups: readonly string[]
  readonly device: string | null
  readonly network: string | null
}

/** Reads one personal line. `null`: the person was erased, or the line cannot be read. */
export type ReadPerson = (line: string) => PersonFields | null

/** Hex SHA-256 of a personal line's bytes, as `whoDigest` of its record has it. */
export const personDigest = (line: string): string => hash('sha256', line, 'hex')

/** Is this the line that the record names? Whoever may write files could put another one there, with the record's id. */
export const isPersonOf = (line: string, whoDigest: unknown): boolean => personDigest(line) === whoDigest

/** Personal lines that stand unencrypted in their file. */
export const readPlainPerson: ReadPerson = (line) => {
  try {
    const { addr, user, groups, device, network } = JSON.parse(line) as Partial<PersonFields>
    if (typeof addr !== 'string') return null
    return { addr, user: user ?? null, groups: groups ?? [], device: device ?? null, network: network ?? null }
  } catch {
    return null // not one of ours: as if it had been erased
  }
}
