/** How the client's user was learnt, from weak to strong. */
export const ASSURANCES = ['none', 'network', 'outer-proxy', 'token', 'mtls', 'negotiate'] as const
export type Assurance = (typeof ASSURANCES)[number]

/** Who asks: the address always, the rest as far as an identity source told us. */
export interface Client {
  readonly address: string
  readonly user: string | null
  readonly groups: readonly string[]
  readonly device: string | null
  /** Name of the network the address belongs to, from the network map. */
  readonly network: string | null
  readonly assurance: Assurance
  /** Several people come from this address, and nothing proves which of them this is. Absent: no. */
  readonly isShared?: true
}
