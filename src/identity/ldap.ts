/** Groups of users from an LDAP directory (RFC 4511). INVARIANT: a user's name is a value in a filter, never part of it. */
import { Client, type Entry, ResultCodeError, type SearchOptions } from 'ldapts'
import type { GroupPort } from '../flow/ports.ts'

export interface LdapSettings {
  /** Tried in order. */
  readonly urls: readonly string[]
  readonly startTls: boolean
  readonly bindDn: string | null
  readonly userBase: string
  /** `{user}` stands for the user. */
  readonly userFilter: string
  readonly groupBase: string
  /** `{dn}` stands for the user's entry, `{user}` for the user. */
  readonly groupFilter: string
  /** The attribute that names a group. */
  readonly groupName: string
  /** For one question, connecting included. */
  readonly timeoutMs: number
}

/** Read for every new connection, so that new ones count at once. */
export interface LdapSecrets {
  readonly password: string | null
  /** PEM; `null`: the roots of Node. */
  readonly ca: string | null
}

export interface LdapDirectory extends GroupPort {
  readonly close: () => void
}

/** What is wrong in our own words, which hold no user and no secret. */
export class LdapProblem extends Error {}

const MAX_GROUPS = 500
const MAX_CHARS = 200
const SIZE_LIMIT_EXCEEDED = 4

export function createLdapDirectory(settings: LdapSettings, secrets: () => Promise<LdapSecrets>): LdapDirectory {
  return new Directory(settings, secrets)
}

class Directory implements LdapDirectory {
  readonly #settings: LdapSettings
  readonly #secrets: () => Promise<LdapSecrets>
  /** Every connection that may be open, connecting ones too. */
  readonly #open = new Set<Client>()
  #bound: Client | null = null
  #connecting: Promise<Client> | null = null
  #isClosed = false

  constructor(settings: LdapSettings, secrets: () => Promise<LdapSecrets>) {
    this.#settings = settings
    this.#secrets = secrets
  }

  /** One connection is kept for all. Whatever fails on a kept one is tried once more on a new one. */
  async groupsOf(user: string): Promise<readonly string[]> {
    const until = performance.now() + this.#settings.timeoutMs
    const kept = this.#bound
    if (kept?.isConnected === true && kept.isBound) {
      try {
        return await this.#within(until, kept, () => this.#search(kept, user))
      } catch {
        this.#drop(kept)
      }
    }
    this.#connecting ??= this.#connect(until).finally(() => {
      this.#connecting = null
    })
    const client = await this.#connecting
    try {
      return await this.#within(until, client, () => this.#search(client, user))
    } catch (error) {
      this.#drop(client)
      throw error
    }
  }

  close(): void {
    this.#isClosed = true
    for (const client of this.#open) this.#drop(client)
  }

  async #connect(until: number): Promise<Client> {
    const secrets = await this.#secrets()
    // RFC 4513 section 5.1.2: a name without a password is let in as nobody, which would look like a user without groups.
    if (this.#settings.bindDn !== null && (secrets.password ?? '') === '')
      throw new LdapProblem('the bind password is empty')
    let failure: unknown = new LdapProblem('no directory')
    const { urls } = this.#settings
    for (const [index, url] of urls.entries()) {
      this.#requireOpen()
      // What is left is shared out, so that one silent directory does not use up the time of the next.
      const deadline = performance.now() + (until - performance.now()) / (urls.length - index)
      const client = this.#client(url, secrets.ca)
      try {
        await this.#within(deadline, client, () => this.#bind(client, url, secrets))
        this.#requireOpen()
        this.#bound = client
        return client
      } catch (error) {
        this.#drop(client)
        failure = error
      }
    }
    throw failure
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new LdapProblem('closed')
  }

  #client(url: string, ca: string | null): Client {
    const { timeoutMs } = this.#settings
    const tlsOptions = { rejectUnauthorized: true, ...(ca === null ? {} : { ca }) }
    const isSecure = url.startsWith('ldaps:')
    const client = new Client({
      url,
      timeout: timeoutMs,
      connectTimeout: timeoutMs,
      ...(isSecure ? { tlsOptions } : {}),
    })
    this.#open.add(client)
    return client
  }

  async #bind(client: Client, url: string, { password, ca }: LdapSecrets): Promise<void> {
    if (this.#settings.startTls && url.startsWith('ldap:')) {
      const servername = new URL(url).hostname
      await client.startTLS({ rejectUnauthorized: true, host: servername, ...(ca === null ? {} : { ca }) })
    }
    await client.bind(this.#settings.bindDn ?? '', password ?? '')
  }

  #drop(client: Client): void {
    this.#open.delete(client)
    if (this.#bound === client) this.#bound = null
    // Closes the socket even when nothing can be said on it any more.
    client.unbind().catch(() => undefined)
  }

  async #search(client: Client, user: string): Promise<readonly string[]> {
    const { userBase, userFilter, groupBase, groupFilter, groupName } = this.#settings
    const dn = await this.#entryOf(client, userBase, fillFilter(userFilter, { user }))
    if (dn === null) return []
    const filter = fillFilter(groupFilter, { user, dn })
    const entries = await this.#find(client, groupBase, { filter, attributes: [groupName], sizeLimit: MAX_GROUPS })
    const names = entries.flatMap((entry) => valuesOf(entry, groupName)).filter(isPlain)
    return [...new Set(names)].slice(0, MAX_GROUPS)
  }

  /** A name that fits nobody, or more than one, has no entry. */
  async #entryOf(client: Client, base: string, filter: string): Promise<string | null> {
    try {
      const entries = await this.#find(client, base, { filter, attributes: ['1.1'], sizeLimit: 2 })
      const [entry] = entries
      return entries.length === 1 && entry !== undefined ? entry.dn : null
    } catch (error) {
      if (error instanceof ResultCodeError && error.code === SIZE_LIMIT_EXCEEDED) return null
      throw error
    }
  }

  async #find(client: Client, base: string, options: SearchOptions): Promise<readonly Entry[]> {
    requireBound(client)
    const { searchEntries } = await client.search(base, { scope: 'sub', ...options })
    requireBound(client)
    return searchEntries
  }

  /** The answer, or an error when it is too late; then the connection is closed, so that nothing waits on. */
  #within<T>(until: number, client: Client, ask: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          this.#drop(client)
          reject(new LdapProblem('the directory did not answer in time'))
        },
        Math.max(1, until - performance.now()),
      )
      ask()
        .then(resolve, reject)
        .finally(() => clearTimeout(timer))
        .catch(() => undefined)
    })
  }
}

/** The library connects again by itself, but then as nobody and without StartTLS: what nobody finds is no answer. */
function requireBound(client: Client): void {
  if (!client.isBound) throw new LdapProblem('the directory closed the connection')
}

/** Put values into a filter. RFC 4515 section 3: what means something in a filter stands as `\hh`. */
export function fillFilter(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/gu, (whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    return value === undefined ? whole : escapeValue(value)
  })
}

const escapeValue = (value: string): string =>
  value.replace(/[\0-\x1f\x7f\\*()&|!=<>~]/gu, (char) => `\\${char.charCodeAt(0).toString(16).padStart(2, '0')}`)

/** Attribute names count without regard to case. */
function valuesOf(entry: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const key = Object.keys(entry).find((each) => each.toLowerCase() === name.toLowerCase() && each !== 'dn')
  const value = key === undefined ? [] : entry[key]
  return (Array.isArray(value) ? value : [value]).filter((each): each is string => typeof each === 'string')
}

const isPlain = (value: string): boolean =>
  value !== '' && value.length <= MAX_CHARS && !/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(value)
