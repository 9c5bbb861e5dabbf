/**
 * The files that `audit.sinks` names, tried before the list takes effect. They are read again for each connection: what
 * changes in them later needs no reload.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Problem } from '../domain/settings.ts'
import type { WeirConfig } from './schema.ts'

type SinkConfig = WeirConfig['audit']['sinks'][number]
type NamedFile = 'caFile' | 'certFile' | 'keyFile' | 'tokenFile' | 'secretFile'

const FILES: readonly NamedFile[] = ['caFile', 'certFile', 'keyFile', 'tokenFile', 'secretFile']
/** Others on the machine must not read these. */
const SECRETS: ReadonlySet<NamedFile> = new Set(['keyFile', 'tokenFile', 'secretFile'])

const DAY_MS = 86_400_000
/** So many days before its end a certificate of ours is a warning. */
const ENDS_SOON_DAYS = 21

/**
 * Errors where a file cannot be used; warnings where others can read a secret and where our certificate has ended or soon
 * will. Never what stands in a file.
 */
export const sinkFileProblems = (sinks: readonly SinkConfig[], nowMs = Date.now()): Problem[] =>
  sinks.flatMap((sink, index) => (sink.kind === 'file' ? [] : problemsOf(sink, `audit.sinks[${index}]`, nowMs)))

function problemsOf(sink: SinkConfig, path: string, nowMs: number): Problem[] {
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
  if (!problems.some(({ severity }) => severity === 'error')) problems.push(...tlsProblems(sink, path, texts, nowMs))
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

function tlsProblems(sink: SinkConfig, path: string, texts: ReadonlyMap<NamedFile, string>, nowMs: number): Problem[] {
  const named = sink as Partial<Record<NamedFile, string | null>>
  const problem = (name: NamedFile, message: string, severity: Problem['severity'] = 'error'): Problem[] => [
    { file: named[name] ?? '', line: null, path: `${path}.${name}`, message, severity },
  ]
  const [ca, cert, key] = (['caFile', 'certFile', 'keyFile'] as const).map((name) => texts.get(name))
  if (ca !== undefined && !(ca.includes(CERTIFICATE) && codeOf({ ca }) === null)) {
    return problem('caFile', 'holds no PEM certificate')
  }
  if (cert === undefined || key === undefined) return []
  const code = codeOf({ cert, key })
  // OpenSSL's text may quote input: its code says enough.
  if (code !== null) {
    return problem('certFile', `certificate and key do not work together (${code}): check both files`)
  }
  const ending = endingOf(cert, nowMs)
  return ending === null ? [] : problem('certFile', ending, 'warning')
}

/** What there is to say of our certificate's time; `null`: nothing. */
function endingOf(cert: string, nowMs: number): string | null {
  const { validToDate } = new X509Certificate(cert)
  const days = Math.floor((validToDate.getTime() - nowMs) / DAY_MS)
  const date = validToDate.toISOString().slice(0, 10)
  if (days < 0) return `the certificate ended on ${date}: receivers refuse it; renew it, no reload is needed`
  return days > ENDS_SOON_DAYS ? null : `the certificate ends on ${date}: renew it, no reload is needed`
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
