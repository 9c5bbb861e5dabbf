/** Checks a CA's certificates before anything is signed with them, and says which of them clients are sent. */
import type { Problem } from '../domain/settings.ts'
import { isIssuedBy, isSelfSigned } from './ca-certificate.ts'
import { toPem } from './certificate.ts'
import type { CaCertificate, CertificateSource } from './certificate-source.ts'

const DAY_MS = 86_400_000
const SOON_DAYS = 30

/** Every problem of the CA goes through here: the file it came from, what is wrong, what to do. */
export const problem = (file: string, message: string, severity: Problem['severity'] = 'error'): Problem => ({
  file,
  line: null,
  path: '',
  message,
  severity,
})

/** How messages start when a file or folder, not what is in it, is the trouble. */
export const CANNOT_READ = 'cannot be read'
export const CANNOT_USE = 'cannot be used'

/** Is some of it a file that cannot be reached? Then the exit code is 3, else 1. */
export const isUnreadable = (problems: readonly Problem[]): boolean =>
  problems.some(({ message }) => message.startsWith(CANNOT_READ) || message.startsWith(CANNOT_USE))

/** Subject on one line, for messages. */
export const subjectOf = ({ x509 }: CaCertificate): string => x509.subject.split('\n').reverse().join(', ')

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

/**
 * The certificate of `publicKey` and its issuers in order, out of a heap in any order.
 * `null` when none carries the key.
 */
export function orderPath(
  certificates: readonly CaCertificate[],
  hasKey: (certificate: CaCertificate) => boolean,
): readonly [CaCertificate, ...CaCertificate[]] | null {
  const first = certificates.find(hasKey)
  if (first === undefined) return null
  const path: [CaCertificate, ...CaCertificate[]] = [first]
  for (let last = first; !isSelfSigned(last); ) {
    const current = last
    const next = certificates.find((other) => !path.includes(other) && isIssuedBy(current, other))
    if (next === undefined) break
    path.push(next)
    last = next
  }
  return path
}

function checkOne(file: string, certificate: CaCertificate, below: number, nowMs: number): Problem[] {
  const name = `\`${subjectOf(certificate)}\``
  const found: Problem[] = []
  const add = (message: string): unknown => found.push(problem(file, message))
  if (certificate.notAfterMs <= nowMs) {
    add(`CA certificate ${name} expired on ${day(certificate.notAfterMs)}: have it renewed and replace the file`)
  }
  if (certificate.notBeforeMs > nowMs) {
    add(`CA certificate ${name} is not valid before ${day(certificate.notBeforeMs)}: check this machine's clock`)
  }
  if (!certificate.isCa) add(`${name} is not a CA certificate (basicConstraints CA:TRUE is missing): use a CA's`)
  if (!certificate.maySignCertificates) {
    add(`${name} may not sign certificates (keyUsage lacks keyCertSign): have one issued that may`)
  }
  if (!certificate.mayIssueServers) {
    add(`${name} may not issue server certificates (extKeyUsage lacks serverAuth): have one issued that may`)
  }
  if (certificate.pathLength !== null && certificate.pathLength < below) {
    add(`${name} allows ${certificate.pathLength} CA certificates below it, the chain has ${below}: shorten the chain`)
  }
  return found
}

/** Everything wrong with a path for signing server certificates at `nowMs`. */
export const checkPath = (file: string, path: readonly CaCertificate[], nowMs: number): Problem[] =>
  path.flatMap((certificate, index) => checkOne(file, certificate, index, nowMs))

/** What works but will hurt: an end that is near, a root that is missing from the chain. */
export function pathWarnings(file: string, path: readonly CaCertificate[], nowMs: number): Problem[] {
  const soon = path
    .filter(({ notAfterMs }) => notAfterMs > nowMs && notAfterMs < nowMs + SOON_DAYS * DAY_MS)
    .map((one) => problem(file, `CA certificate \`${subjectOf(one)}\` ends on ${day(one.notAfterMs)}`, 'warning'))
  const last = path.at(-1)
  if (last === undefined || isSelfSigned(last)) return soon
  const message = `the chain ends at \`${subjectOf(last)}\`, which is no root: add its issuers, so that they can be exported`
  return [...soon, problem(file, message, 'warning')]
}

/** What devices must trust: the root, or the highest certificate we know. */
export const anchorOf = (source: CertificateSource): CaCertificate => source.path.at(-1) ?? source.path[0]

/** Sent after every leaf: issuers up to, not including, a self-signed root, then the cross certificates. */
export function sentChain({ path, extraChain }: CertificateSource): CaCertificate[] {
  return [...path.filter((certificate) => !isSelfSigned(certificate)), ...extraChain]
}

export const sentChainPem = (source: CertificateSource): string =>
  sentChain(source)
    .map(({ x509 }) => toPem(x509.raw))
    .join('')
