/**
 * The npm package `kerberos`, which calls the system's Kerberos library. It is no dependency, since most installations
 * have no such library: it is loaded when `identity.negotiate` is set, and never before.
 */

/** What of the package is used. Version 7. */
export interface KerberosPackage {
  readonly initializeServer: (service: string) => Promise<AcceptorContext>
}

interface AcceptorContext {
  readonly step: (token: string) => Promise<unknown>
  /** Principal of the client, after the step. */
  readonly username: unknown
  /** Base64; `null`: there is nothing to say. */
  readonly response: unknown
}

export interface KerberosSettings {
  /** `HTTP` or `HTTP@host`: whose tickets are taken. */
  readonly service: string
  /** Path of the file with the service's keys; `null`: as `KRB5_KTNAME` or the system says. */
  readonly keytab: string | null
  readonly timeoutMs: number
}

/** What one token came to. */
export type Accepted =
  | { readonly kind: 'accepted'; readonly principal: string; readonly response: string | null }
  | { readonly kind: 'refused'; readonly detail: string }
  /** Our own trouble: no package, no keytab. */
  | { readonly kind: 'unavailable'; readonly detail: string }

export interface Kerberos {
  /** Can tickets be taken with these settings? `null`: yes; else what is wrong and what to do. Never rejects. */
  readonly check: (settings: KerberosSettings) => Promise<string | null>
  /** Judge one token, on a thread of the library. Not bounded in time. Never rejects. */
  readonly accept: (settings: KerberosSettings, token: string) => Promise<Accepted>
}

export interface KerberosOptions {
  /** `import()` where left out. */
  readonly importPackage?: (name: string) => Promise<unknown>
  /** Of the process: the library reads `KRB5_KTNAME` there, and nowhere else. */
  readonly env?: Record<string, string | undefined>
}

const PACKAGE = 'kerberos'
const KEYTAB = 'KRB5_KTNAME'
/** Texts of the library are cut. */
const MAX_DETAIL = 200

/** Loads nothing yet. */
export function createKerberos({ importPackage = importNamed, env = process.env }: KerberosOptions = {}): Kerberos {
  const inherited = env[KEYTAB]
  let loading: Promise<Loaded> | null = null
  const load = async (): Promise<Loaded> => {
    loading ??= loadPackage(importPackage)
    const loaded = await loading
    // It may be installed while Weir runs.
    if (!loaded.ok) loading = null
    return loaded
  }
  const useKeytab = (keytab: string | null): void => set(keytab === null ? inherited : `FILE:${keytab}`)
  const set = (value: string | undefined): void => {
    if (env[KEYTAB] === value) return
    if (value === undefined) Reflect.deleteProperty(env, KEYTAB)
    else env[KEYTAB] = value
  }
  return {
    check: async ({ service, keytab, timeoutMs }) => {
      const loaded = await load()
      if (!loaded.ok) return loaded.problem
      const before = env[KEYTAB]
      useKeytab(keytab)
      const problem = await within(timeoutMs, keyProblem(loaded.kerberos, service))
      if (problem !== null) set(before)
      return problem
    },
    accept: async ({ service, keytab }, token) => {
      const loaded = await load()
      if (!loaded.ok) return { kind: 'unavailable', detail: loaded.problem }
      useKeytab(keytab)
      return acceptToken(loaded.kerberos, service, token)
    },
  }
}

type Loaded =
  | { readonly ok: true; readonly kerberos: KerberosPackage }
  | { readonly ok: false; readonly problem: string }

const importNamed = (name: string): Promise<unknown> => import(name)

const INSTALL =
  'run `npm install --no-save kerberos@7` in the folder of Weir; it needs the Kerberos library of the system, and to build it a C++ compiler and Python (Debian: `apt-get install libkrb5-dev build-essential python3`)'

async function loadPackage(importPackage: (name: string) => Promise<unknown>): Promise<Loaded> {
  try {
    const module = await importPackage(PACKAGE)
    const kerberos = isPackage(module) ? module : (module as { readonly default?: unknown }).default
    if (isPackage(kerberos)) return { ok: true, kerberos }
    return { ok: false, problem: `the npm package \`kerberos\` is not version 7: ${INSTALL}` }
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    if (code === 'ERR_MODULE_NOT_FOUND') {
      return { ok: false, problem: `needs the npm package \`kerberos\`, which is not installed (${code}): ${INSTALL}` }
    }
    // MODULE_NOT_FOUND is its native part: npm was not allowed to run its install script.
    const why = code === 'MODULE_NOT_FOUND' ? 'was not built' : 'does not load'
    const problem = `the npm package \`kerberos\` ${why} (${code}): allow its install script (\`allowScripts\` in package.json) and ${INSTALL}`
    return { ok: false, problem }
  }
}

const isPackage = (value: unknown): value is KerberosPackage =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Partial<KerberosPackage>).initializeServer === 'function'

async function keyProblem(kerberos: KerberosPackage, service: string): Promise<string | null> {
  try {
    await kerberos.initializeServer(service)
    return null
  } catch (error) {
    return `no ticket can be taken for \`${service}\`: ${detailOf(error)}: check \`identity.negotiate.keytab\` and \`service\`, \`klist -k FILE\` lists its keys`
  }
}

async function acceptToken(kerberos: KerberosPackage, service: string, token: string): Promise<Accepted> {
  let context: AcceptorContext
  try {
    // One for each token: it holds the state of one conversation, and reads the keytab anew.
    context = await kerberos.initializeServer(service)
  } catch (error) {
    return { kind: 'unavailable', detail: detailOf(error) }
  }
  try {
    await context.step(token)
    const { username, response } = context
    if (typeof username !== 'string') return { kind: 'refused', detail: 'no principal' }
    return { kind: 'accepted', principal: username, response: typeof response === 'string' ? response : null }
  } catch (error) {
    return { kind: 'refused', detail: detailOf(error) }
  }
}

/** The library's own words: they name services and reasons. */
const detailOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/[\p{Cc}\s]+/gu, ' ').slice(0, MAX_DETAIL)

async function within(timeoutMs: number, problem: Promise<string | null>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(
      () => resolve(`the Kerberos library did not answer in ${timeoutMs} ms: check /etc/krb5.conf and DNS`),
      timeoutMs,
    )
  })
  try {
    return await Promise.race([problem, late])
  } finally {
    clearTimeout(timer)
  }
}
