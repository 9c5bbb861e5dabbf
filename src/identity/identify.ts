/**
 * Who asks, from all sources together. The strongest proof names the user; groups, device and network of the network
 * map are added. Every refusal is an answer, and nothing is refused that IT did not ask to be.
 */
import { ASSURANCES, type Assurance, type Client } from '../domain/client.ts'
import { headerValues, type RawHeaders } from '../domain/headers.ts'
import type {
  ConnectionFacts,
  ConnectionSource,
  CredentialSource,
  Identified,
  Proof,
  RequestEvidence,
  Verdict,
} from '../domain/identity.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { ClientIdentityPort, IdentityPort, Logger } from '../flow/ports.ts'
import type { GroupCache } from './group-cache.ts'
import { compileTrusted, type IsTrusted, readOuterWord } from './outer-proxy.ts'

export const AUTHENTICATE_MODES = ['off', 'optional', 'required'] as const

export interface IdentitySettings {
  /** `off`: credentials are not looked at; `optional`: those given must be right; `required`: a user or device must be known. */
  readonly authenticate: (typeof AUTHENTICATE_MODES)[number]
  /** CIDR. */
  readonly trustedProxies: readonly string[]
}

export interface IdentityParts {
  /** Taken anew for every request; the same object as long as nothing changed. */
  readonly settings: () => IdentitySettings
  /** The network map. */
  readonly addresses: () => IdentityPort
  /** E.g. of client certificates. */
  readonly connectionSources: readonly ConnectionSource[]
  /** Strongest first: the order in which they are offered. */
  readonly credentialSources: () => readonly CredentialSource[]
  /** Groups of a directory; `null`: there is none. */
  readonly groups: GroupCache | null
  readonly log: Pick<Logger, 'warn'>
}

/** Join the sources. */
export function createClientIdentity(parts: IdentityParts): ClientIdentityPort {
  return new ClientIdentity(parts)
}

/** What is known before any credential is looked at. */
interface Asker {
  /** By address: the network map's word. */
  readonly base: Client
  readonly proofs: readonly Proof[]
  readonly reply?: string
  readonly facts: ConnectionFacts
  readonly isRequired: boolean
}

class ClientIdentity implements ClientIdentityPort {
  readonly #parts: IdentityParts
  #settings: IdentitySettings | null = null
  #isTrusted: IsTrusted = () => false

  constructor(parts: IdentityParts) {
    this.#parts = parts
  }

  ofConnection(facts: ConnectionFacts): Client {
    this.#current()
    return compose(this.#byAddress(null, facts), this.#connectionProofs(facts), [])
  }

  /** `said`: by a proxy in front. One that does not say it stands for everybody behind it. */
  #byAddress(said: string | null, { address }: ConnectionFacts): Client {
    const found = this.#parts.addresses().identify(said ?? address)
    return said === null && this.#isTrusted(address) ? { ...found, isShared: true } : found
  }

  identify(facts: ConnectionFacts, { headers }: RequestEvidence): Identified | Promise<Identified> {
    const settings = this.#current()
    const isOuter = this.#isTrusted(facts.address)
    const word = isOuter ? readOuterWord(headers) : SILENCE
    if (!word.ok) return refused(this.ofConnection(facts), new ProxyError('bad-request', word.detail))
    const base = this.#byAddress(word.address, facts)
    // The certificate of a proxy in front is its own, not its client's.
    const proofs = isOuter ? outerProofs(word.user) : this.#connectionProofs(facts)
    const asker = { base, proofs, facts, isRequired: settings.authenticate === 'required' }
    return settings.authenticate === 'off' ? this.#settle(asker) : this.#withCredential(asker, headers)
  }

  #current(): IdentitySettings {
    const settings = this.#parts.settings()
    if (settings !== this.#settings) {
      this.#settings = settings
      this.#isTrusted = compileTrusted(settings.trustedProxies)
    }
    return settings
  }

  #connectionProofs(facts: ConnectionFacts): Proof[] {
    return this.#parts.connectionSources.flatMap((source) => source.prove(facts) ?? [])
  }

  #withCredential(asker: Asker, headers: RawHeaders): Identified | Promise<Identified> {
    const lines = headerValues(headers, 'proxy-authorization')
    if (lines.length > 1) {
      return refused(compose(asker.base, asker.proofs, []), new ProxyError('bad-request', 'more than one credential'))
    }
    const [line] = lines
    if (line === undefined) return this.#settle(asker)
    const [, scheme = '', credential = ''] = /^\s*([!#$%&'*+.^_`|~\w-]+)(?: +(.*?))?\s*$/u.exec(line) ?? []
    const source = this.#parts.credentialSources().find((each) => each.scheme === scheme.toLowerCase())
    if (source === undefined) return this.#judge(asker, notOffered(scheme), null)
    // Whoever is known by something stronger need not be asked for less.
    if (asker.proofs.some(({ user, assurance }) => user !== null && rank(assurance) >= rank(source.assurance))) {
      return this.#settle(asker)
    }
    const verdict = source.verify(credential, asker.facts)
    return verdict instanceof Promise
      ? verdict.then((settled) => this.#judge(asker, settled, source))
      : this.#judge(asker, verdict, source)
  }

  #judge(asker: Asker, verdict: Verdict, source: CredentialSource | null): Identified | Promise<Identified> {
    if (verdict.kind === 'proof') {
      const { proof, reply } = verdict
      return this.#settle({ ...asker, proofs: [...asker.proofs, proof], ...(reply === undefined ? {} : { reply }) })
    }
    const client = compose(asker.base, asker.proofs, [])
    switch (verdict.kind) {
      case 'continue':
        return refused(client, new ProxyError('proxy-auth-required'), [verdict.challenge])
      case 'wrong':
        this.#parts.log.warn({ client: client.address, detail: verdict.detail }, 'identity.credential-refused')
        return refused(
          client,
          new ProxyError(verdict.code ?? 'proxy-auth-failed'),
          this.#challenges(verdict.isFinal === true ? source : null),
        )
      case 'unavailable':
        this.#parts.log.warn({ client: client.address, detail: verdict.detail }, 'identity.unavailable')
        return refused(client, new ProxyError('identity-unavailable'))
      case 'slow-down':
        return refused(client, new ProxyError('too-many-attempts'))
    }
  }

  #settle(asker: Asker): Identified | Promise<Identified> {
    const client = compose(asker.base, asker.proofs, [])
    if (asker.isRequired && client.user === null && client.device === null) {
      return refused(client, new ProxyError('proxy-auth-required'), this.#challenges())
    }
    const stillHolds = strongest(asker.proofs)?.stillHolds
    const answer = (groups: readonly string[]): Identified => ({
      ok: true,
      client: groups.length === 0 ? client : compose(asker.base, asker.proofs, groups),
      ...(stillHolds === undefined ? {} : { stillHolds }),
      ...(asker.reply === undefined ? {} : { reply: asker.reply }),
    })
    const { groups } = this.#parts
    const more = groups === null || client.user === null ? [] : groups.groupsOf(client.user)
    return more instanceof Promise ? more.then(answer) : answer(more)
  }

  /** All that are offered, but one that led nowhere; a 407 must ask for something (RFC 9110 section 15.5.8). */
  #challenges(failed: CredentialSource | null = null): string[] {
    const sources = this.#parts.credentialSources()
    const others = sources.filter((source) => source !== failed)
    return (others.length === 0 ? sources : others).map(({ challenge }) => challenge)
  }
}

const SILENCE = { ok: true, user: null, address: null } as const

const rank = (assurance: Assurance): number => ASSURANCES.indexOf(assurance)

const outerProofs = (user: string | null): Proof[] =>
  user === null ? [] : [{ assurance: 'outer-proxy', user, groups: [], device: null }]

const notOffered = (scheme: string): Verdict => ({
  kind: 'wrong',
  detail: 'a scheme that is not offered',
  ...(scheme.toLowerCase() === 'ntlm' ? { code: 'proxy-auth-ntlm' } : {}),
})

const refused = (client: Client, error: ProxyError, challenges: readonly string[] = []): Identified => ({
  ok: false,
  client,
  error,
  challenges,
})

/** Of proofs that name a user, the strongest; where none does, the strongest of all. */
function strongest(proofs: readonly Proof[]): Proof | null {
  const named = proofs.filter(({ user }) => user !== null)
  const from = named.length > 0 ? named : proofs
  return from.reduce<Proof | null>((best, proof) => {
    return best === null || rank(proof.assurance) > rank(best.assurance) ? proof : best
  }, null)
}

/**
 * One client of it all. What an entry of the network map or a weaker proof says of another user is not theirs:
 * groups are never mixed between two persons.
 */
function compose(base: Client, proofs: readonly Proof[], moreGroups: readonly string[]): Client {
  const winner = strongest(proofs)
  if (winner === null) return moreGroups.length === 0 ? base : { ...base, groups: union(base.groups, moreGroups) }
  // A certificate may name the machine only: then the map may name who sits at it.
  const user = winner.user ?? base.user
  const isBaseTheirs = base.user === null || isSameUser(base.user, user)
  const machine = proofs.find((proof) => proof.device !== null && (proof.user === null || isSameUser(proof.user, user)))
  return {
    address: base.address,
    user,
    groups: union(winner.groups, isBaseTheirs ? base.groups : [], moreGroups),
    device: machine?.device ?? base.device,
    network: base.network,
    // A user whom only the map names is as sure as the map, whatever proved the machine.
    assurance: winner.user === null && base.user !== null ? base.assurance : winner.assurance,
    // Who proved himself is one person wherever he sits; a machine that did may have several in front of it.
    ...(winner.user === null && base.isShared === true ? { isShared: true } : {}),
  }
}

const isSameUser = (one: string, other: string | null): boolean => one.toLowerCase() === other?.toLowerCase()

const union = (...lists: readonly (readonly string[])[]): readonly string[] => [...new Set(lists.flat())]
