/** Reads the files beside the detectors that rules may name: `*.txt` with terms, `*.fp` with fingerprints. */
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Problem } from '../domain/settings.ts'
import type { DictionarySource } from '../inspect/dictionary.ts'
import { type FingerprintSource, inSharedMemory } from '../inspect/fingerprint-file.ts'
import type { TableSources } from '../inspect/read-tables.ts'

/** Longer than any list of terms or fingerprints that may be used. */
const MAX_FILE_BYTES = 67_108_864

export interface TableFiles {
  readonly sources: TableSources
  readonly problems: readonly Problem[]
}

/** What cannot be read becomes a problem. A file that is as it was in `previous` is the same object. */
export async function readTableFiles(dir: string, shown: string, previous: TableSources | null): Promise<TableFiles> {
  const problems: Problem[] = []
  // A folder that cannot be read is told by whoever reads its YAML.
  const names = (await readdir(dir).catch((): string[] => [])).filter((name) => !name.startsWith('.')).sort()
  const read = async <S extends { readonly file: string; readonly text: string }>(
    ending: string,
    old: readonly S[],
    make: (bytes: Buffer, at: { readonly file: string; readonly name: string }) => S | string,
  ): Promise<S[]> => {
    const wanted = names.filter((name) => name.endsWith(ending))
    const made = await Promise.all(
      wanted.map(async (name): Promise<S[]> => {
        const file = `${shown}/${name}`
        const source = await readBytes(join(dir, name), (bytes) => make(bytes, { file, name }))
        if (typeof source !== 'string')
          return [old.find((each) => each.file === file && each.text === source.text) ?? source]
        problems.push({ file, line: null, path: '', message: source, severity: 'error' })
        return []
      }),
    )
    return made.flat()
  }
  const [dictionaries, fingerprints] = await Promise.all([
    read<DictionarySource>('.txt', previous?.dictionaries ?? [], (bytes, at) =>
      isUtf8(bytes) ? { ...at, text: bytes.toString('utf8') } : 'is not UTF-8 text',
    ),
    read<FingerprintSource>('.fp', previous?.fingerprints ?? [], (bytes, at) => ({
      ...at,
      text: createHash('sha256').update(bytes).digest('hex'),
      bytes: inSharedMemory(bytes),
    })),
  ])
  return { sources: { dictionaries, fingerprints }, problems }
}

/** A string says why it cannot be read. */
async function readBytes<S>(path: string, make: (bytes: Buffer) => S | string): Promise<S | string> {
  try {
    const bytes = await readFile(path)
    return bytes.length > MAX_FILE_BYTES ? `is larger than ${MAX_FILE_BYTES} bytes: split it` : make(bytes)
  } catch (error) {
    return `cannot be read: ${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'}`
  }
}
