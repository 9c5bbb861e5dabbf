/** Certificates of clients and of the proxy port, made by openssl per run. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scope } from './scope.ts'

export interface ClientOptions {
  /** As openssl takes it, e.g. `/OU=engineering/CN=alice`. */
  readonly subject: string
  /** As openssl takes it, e.g. `email:alice@acme.example`. */
  readonly names?: string
  readonly usage?: 'clientAuth' | 'serverAuth'
  readonly isExpired?: boolean
}

/** Files of a certificate and its key. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

export interface ClientPki {
  readonly dir: string
  /** PEM file of the CA of clients. */
  readonly ca: string
  /** PEM file of its revocation list. */
  readonly crl: string
  /** For `localhost` and 127.0.0.1, self-signed. */
  readonly server: KeyPair
  readonly issue: (options: ClientOptions) => KeyPair
  /** Put it on the revocation list. */
  readonly revoke: (pair: KeyPair) => void
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

const CA_CONFIG = `[ca]
default_ca=own
[own]
dir=.
database=index.txt
serial=serial
crlnumber=crlnumber
new_certs_dir=.
certificate=ca.pem
private_key=ca.key
default_md=sha256
default_days=2
default_crl_days=2
policy=any
copy_extensions=copy
unique_subject=no
[any]
organizationName=optional
organizationalUnitName=optional
commonName=optional
`

export function makeClientPki(t: Scope): ClientPki {
  const dir = mkdtempSync(join(tmpdir(), 'weir-client-pki-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
  }
  const selfSigned = (name: string, subject: string, extension: string): void =>
    openssl(
      'req',
      '-x509',
      ...EC,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-days',
      '2',
      '-subj',
      subject,
      '-addext',
      extension,
    )
  selfSigned('ca', '/CN=Clients', 'keyUsage=critical,keyCertSign,cRLSign')
  selfSigned('server', '/CN=localhost', 'subjectAltName=DNS:localhost,IP:127.0.0.1')
  writeFileSync(join(dir, 'ca.cnf'), CA_CONFIG)
  for (const [file, text] of [
    ['index.txt', ''],
    ['serial', '01\n'],
    ['crlnumber', '01\n'],
  ] as const) {
    writeFileSync(join(dir, file), text)
  }
  const writeCrl = (): void => openssl('ca', '-config', 'ca.cnf', '-gencrl', '-out', 'crl.pem')
  writeCrl()
  const pair = (name: string): KeyPair => ({ cert: join(dir, `${name}.pem`), key: join(dir, `${name}.key`) })
  let issued = 0
  return {
    dir,
    ca: join(dir, 'ca.pem'),
    crl: join(dir, 'crl.pem'),
    server: pair('server'),
    issue: ({ subject, names, usage = 'clientAuth', isExpired = false }) => {
      const name = `client-${issued++}`
      const extensions = ['-addext', `extendedKeyUsage=${usage}`]
      if (names !== undefined) extensions.push('-addext', `subjectAltName=${names}`)
      openssl('req', ...EC, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject, ...extensions)
      const dates = isExpired ? ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'] : []
      openssl('ca', '-batch', '-notext', '-config', 'ca.cnf', '-in', `${name}.csr`, '-out', `${name}.pem`, ...dates)
      return pair(name)
    },
    revoke: ({ cert }) => {
      openssl('ca', '-config', 'ca.cnf', '-revoke', cert)
      writeCrl()
    },
  }
}

/** As options of Node's TLS. */
export const readPair = ({ cert, key }: KeyPair): { readonly cert: Buffer; readonly key: Buffer } => ({
  cert: readFileSync(cert),
  key: readFileSync(key),
})
