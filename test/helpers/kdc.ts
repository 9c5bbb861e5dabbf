/** A throw-away Kerberos realm: Debian's KDC on loopback, with people, a proxy and its keytab. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { debianProgram, freePort, skipWithoutDebian, startDaemon } from './debian.ts'
import type { Scope } from './scope.ts'

export const REALM = 'ACME.EXAMPLE'

export interface Kdc {
  /** Another `KRB5_CONFIG`, by which clocks may differ by one second only. */
  readonly strictConfig: string
  /** Environment of every program that is to know the realm. */
  readonly env: Readonly<Record<string, string>>
  /** Make a principal with a random key, and its keytab. Returns the keytab's path. */
  readonly addService: (principal: string, realm?: string) => string
  /** Log a person on; returns the environment in which programs have the ticket. `life` as `kinit -l` takes it. */
  readonly login: (
    user: string,
    options?: { readonly realm?: string; readonly life?: string },
  ) => Readonly<Record<string, string>>
}

/** For tap's `skip`. The package is no dependency of the project: `npm install --no-save kerberos@7` brings it. */
export function skipWithoutKerberos(): string | false {
  const missing = skipWithoutDebian('krb5kdc', 'kdb5_util', 'kadmin.local', 'kinit', 'curl')
  if (missing !== false || process.env['CI'] === 'true') return missing
  try {
    createRequire(import.meta.url).resolve('kerberos')
    return false
  } catch {
    return 'the npm package `kerberos` is not installed: npm install --no-save kerberos@7'
  }
}

const PASSWORD = 'correct-horse'

/** `realms`: further realms of the same KDC, which `REALM` trusts. `users`: `name` or `name@REALM`. */
export async function startKdc(t: Scope, users: readonly string[], realms: readonly string[] = []): Promise<Kdc> {
  const dir = mkdtempSync(join(tmpdir(), 'weir-kdc-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const port = await freePort()
  const all = [REALM, ...realms]
  writeFileSync(join(dir, 'krb5.conf'), clientConfig(dir, port, all))
  writeFileSync(join(dir, 'strict.conf'), clientConfig(dir, port, all, 1))
  writeFileSync(join(dir, 'kdc.conf'), kdcConfig(dir, port, all))
  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    KRB5_CONFIG: join(dir, 'krb5.conf'),
    KRB5_KDC_PROFILE: join(dir, 'kdc.conf'),
    KRB5RCACHENAME: `file2:${join(dir, 'rcache')}`,
  }
  const run = (name: string, args: readonly string[], input?: string): void => {
    execFileSync(debianProgram(name), [...args], { env, stdio: 'pipe', ...(input === undefined ? {} : { input }) })
  }
  const admin = (realm: string, query: string): void => run('kadmin.local', ['-r', realm, '-q', query])
  for (const realm of all) run('kdb5_util', ['-r', realm, 'create', '-s', '-P', 'master-of-the-realm'])
  for (const realm of realms) {
    // The same key on both sides: people of the other realm get tickets for services of this one.
    for (const side of [REALM, realm]) admin(side, `addprinc -pw between krbtgt/${REALM}@${realm}`)
  }
  for (const user of users) admin(user.split('@')[1] ?? REALM, `addprinc -pw ${PASSWORD} ${user}`)
  await startDaemon(t, {
    name: 'krb5kdc',
    args: ['-n', ...all.flatMap((realm) => ['-r', realm])],
    env,
    port,
  })
  let made = 0
  return {
    env,
    strictConfig: join(dir, 'strict.conf'),
    addService: (principal, realm = REALM) => {
      const keytab = join(dir, `service-${made++}.keytab`)
      admin(realm, `addprinc -randkey ${principal}`)
      admin(realm, `ktadd -k ${keytab} ${principal}`)
      return keytab
    },
    login: (user, { realm = REALM, life = '1h' } = {}) => {
      const mine = { ...env, KRB5CCNAME: `FILE:${join(dir, `cache-${made++}`)}` }
      execFileSync(debianProgram('kinit'), ['-l', life, `${user}@${realm}`], {
        env: mine,
        stdio: 'pipe',
        input: `${PASSWORD}\n`,
      })
      return mine
    },
  }
}

/** Nothing is looked up in DNS, and everything goes by TCP. */
const clientConfig = (dir: string, port: number, realms: readonly string[], skewSeconds = 300): string => `[libdefaults]
  default_realm = ${REALM}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
  clockskew = ${skewSeconds}
[realms]
${realms.map((realm) => `  ${realm} = {\n    kdc = 127.0.0.1:${port}\n  }`).join('\n')}
[domain_realm]
  .acme.example = ${REALM}
  localhost = ${REALM}
[logging]
  kdc = FILE:${dir}/kdc.log
  admin_server = FILE:${dir}/kadmin.log
`

const kdcConfig = (dir: string, port: number, realms: readonly string[]): string => `[kdcdefaults]
  kdc_listen = 127.0.0.1:${port}
  kdc_tcp_listen = 127.0.0.1:${port}
[realms]
${realms
  .map(
    (realm) => `  ${realm} = {
    database_name = ${dir}/db-${realm}
    key_stash_file = ${dir}/stash-${realm}
    max_life = 1h
  }`,
  )
  .join('\n')}
[logging]
  kdc = FILE:${dir}/kdc.log
`

export interface Curl {
  readonly code: number | string
  readonly out: string
  readonly err: string
}

/** Debian's, which has GSS-API. */
export const curl = (env: Readonly<Record<string, string>>, args: readonly string[]): Promise<Curl> =>
  new Promise((resolve) => {
    execFile(debianProgram('curl'), ['-q', '-sS', '--max-time', '20', ...args], { env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : (error.code ?? 1), out, err }),
    )
  })
