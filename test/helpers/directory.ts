/** A throw-away LDAP directory: Debian's slapd on loopback, with people and groups. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KeyPair } from './client-pki.ts'
import { type Daemon, debianProgram, freePort, startDaemon } from './debian.ts'
import type { Scope } from './scope.ts'

export const BIND_DN = 'cn=weir,dc=acme,dc=example'
export const BIND_PASSWORD = 's3cret-of-the-directory'

export interface Directory extends Daemon {
  readonly url: string
  readonly start: () => Promise<void>
}

const ENTRIES = `dn: dc=acme,dc=example
objectClass: dcObject
objectClass: organization
o: Acme
dc: acme

${[
  ['li.wei', 'Li Wei'],
  ['ann', 'Ann'],
  ['jörg', 'Joerg'],
  ['odd*(name)', 'Odd'],
]
  .map(
    ([uid, cn]) => `dn: cn=${cn},dc=acme,dc=example
objectClass: inetOrgPerson
cn: ${cn}
sn: ${cn}
uid:: ${Buffer.from(uid ?? '').toString('base64')}
`,
  )
  .join('\n')}
dn: cn=pilot,dc=acme,dc=example
objectClass: groupOfNames
cn: pilot
member: cn=Li Wei,dc=acme,dc=example
member: cn=Joerg,dc=acme,dc=example

dn: cn=staff,dc=acme,dc=example
objectClass: groupOfNames
cn: staff
member: cn=Li Wei,dc=acme,dc=example
member: cn=Odd,dc=acme,dc=example

dn: cn=secret,dc=acme,dc=example
objectClass: groupOfNames
cn: secret
member: cn=Ann,dc=acme,dc=example
`

/** `tls`: certificate of the directory, for StartTLS and, with `isLdaps`, for `ldaps:`. */
export async function startDirectory(t: Scope, tls?: KeyPair, isLdaps = false): Promise<Directory> {
  const dir = mkdtempSync(join(tmpdir(), 'weir-slapd-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  mkdirSync(join(dir, 'db'))
  const conf = join(dir, 'slapd.conf')
  writeFileSync(
    conf,
    `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
${tls === undefined ? '' : `TLSCertificateFile ${tls.cert}\nTLSCertificateKeyFile ${tls.key}\n`}
database mdb
suffix "dc=acme,dc=example"
rootdn "${BIND_DN}"
rootpw ${BIND_PASSWORD}
directory ${join(dir, 'db')}
access to * by * none
`,
  )
  writeFileSync(join(dir, 'entries.ldif'), ENTRIES)
  execFileSync(debianProgram('slapadd'), ['-f', conf, '-l', join(dir, 'entries.ldif')], { stdio: 'pipe' })
  const port = await freePort()
  const url = `${isLdaps ? 'ldaps' : 'ldap'}://127.0.0.1:${port}`
  let daemon: Daemon
  const start = async (): Promise<void> => {
    daemon = await startDaemon(t, { name: 'slapd', args: ['-h', url, '-f', conf, '-d', '0'], port })
  }
  await start()
  return { url, start, stop: () => daemon.stop() }
}
