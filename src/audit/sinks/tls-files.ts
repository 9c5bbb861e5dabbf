/** PEM files of a sink, read for each new connection, so that a renewed certificate needs no restart. */
import { readFileSync } from 'node:fs'

export interface TlsFileNames {
  readonly caFile: string | null
  readonly certFile: string | null
  readonly keyFile: string | null
}

export interface TlsFileTexts {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** Throws I/O errors. */
export function readTlsFiles({ caFile, certFile, keyFile }: TlsFileNames): TlsFileTexts {
  const read = (file: string): string => readFileSync(file, 'utf8')
  return {
    ...(caFile === null ? {} : { ca: read(caFile) }),
    ...(certFile === null ? {} : { cert: read(certFile) }),
    ...(keyFile === null ? {} : { key: read(keyFile) }),
  }
}

/** A token or secret from its file: the line break at its end is none of it. Throws I/O errors, and for an empty file. */
export function readSecret(file: string): string {
  const secret = readFileSync(file, 'utf8').trim()
  if (secret === '') throw new Error(`\`${file}\` is empty`)
  if (/[^\u0021-\u007e]/u.test(secret)) throw new Error(`\`${file}\` holds more than one word of plain characters`)
  return secret
}
