/**
 * The files that `audit.sinks` names, tried before the list takes effect. They are read again for each connection: what
 * changes in them later needs no reload.
 */
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Problem } from '../domain/settings.ts'
import type { WeirConfig } from './schema.ts'

type SinkConfig = WeirConfig['audit']['sinks'][number]
type NamedFile = 'caFile' | 'certFile' | 'keyFile' | 'tokenFile' | 'secretFile'

const FILES: readonly NamedFile[] = ['caFile', 'certFile', 'keyFile', 'tokenFile', 'secretFile']
/** Others on the machine must not read these. */
const SECRETS: ReadonlySet<NamedFile> = new Set(['keyFile', 'tokenFile', 'secretFile'])

/** Errors where a file cannot be used, warnings where others can read a secret. Never what stands in a file. */
export const sinkFileProblems = (sinks: readonly SinkConfig[]): Problem[] =>
  sinks.flatMap((sink, index) => (sink.kind === 'file' ? [] : problemsOf(sink, `audit.sinks[${index}]`)))

function problemsOf(sink: SinkConfig, path: string): Problem[] {
  const problems: Problem[] = []
  const texts = new Map<NamedFile, string>()
  for (const name of FILES) {
    const file = (sink as Partial<Record<NamedFile, string | null>>)[name] ?? null
    if (file === null) continue
    const tell = (message: string, severity: Problem['severity'] = 'error'): void => {
      problems.push({ file, line: null, path: `${path}.${name}`, message, severity })
    }
    const text = readText(file, tell)
    if (text !== null) texts.set(name, text)
    if (text !== null && SECRETS.has(name) && isOpenToOthers(file)) {
      tell('can be read by others: run `chmod 600` on it', 'warning')
    }
  }
  if (!problems.some(({ severity }) => severity === 'error')) problems.push(...tlsProblems(sink, path, texts))
  return problems
}

function readText(file: string, tell: (message: string) => void): string | null {
  try {
    const text = readFileSync(file, 'utf8')
    if (text.trim() !== '') return text
    tell('is empty')
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    tell(`cannot be read: ${code}`)
  }
  return null
}

/** Windows has no such bits. */
const isOpenToOthers = (file: string): boolean => process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0

function tlsProblems(sink: SinkConfig, path: string, texts: ReadonlyMap<NamedFile, string>): Problem[] {
  const named = sink as Partial<Record<NamedFile, string | null>>
  const problem = (file: string | null | undefined, name: string, message: string): Problem[] => [
    { file: file ?? '', line: null, path: `${path}${name}`, message, severity: 'error' },
  ]
  const [ca, cert, key] = (['caFile', 'certFile', 'keyFile'] as const).map((name) => texts.get(name))
  const isCa = ca === undefined || (ca.includes(CERTIFICATE) && codeOf({ ca }) === null)
  const code = cert === undefined || key === undefined ? null : codeOf({ cert, key })
  return [
    ...(isCa ? [] : problem(named.caFile, '.caFile', 'holds no PEM certificate')),
    // OpenSSL's text may quote input: its code says enough.
    ...(code === null
      ? []
      : problem(named.certFile, '', `certificate and key do not work together (${code}): check both files`)),
  ]
}

const CERTIFICATE = '-----BEGIN CERTIFICATE-----'

function codeOf(options: Parameters<typeof createSecureContext>[0]): string | null {
  try {
    createSecureContext(options)
    return null
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown'
  }
}
