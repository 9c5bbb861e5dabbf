import t from 'tap'
import type { FirstBytes, TunnelFacts } from '../../src/domain/decision.ts'
import { parseAuthority } from '../../src/domain/destination.ts'
import type { PolicySettings } from '../../src/policy/compile.ts'
import { decideTunnel } from '../../src/policy/decide-tunnel.ts'
import { compileNeverList } from '../../src/policy/never-list.ts'
import { clientWith, lookupHost, policyWith, rows } from './world.ts'

interface TunnelRow {
  readonly it: string
  readonly policy?: Record<string, unknown>
  readonly settings?: Partial<PolicySettings>
  /** Hosts of `rules/never.yaml`, all in the category `reviewed`. */
  readonly never?: string[]
  readonly connect: string
  readonly hello?: string
  readonly alpn?: string[]
  readonly ech?: boolean
  readonly inside?: 'http' | 'bytes' | 'nothing yet'
  readonly gives: Record<string, unknown>
}

function firstOf(row: TunnelRow): FirstBytes | null {
  if (row.inside === 'nothing yet') return null
  if (row.inside !== undefined) return { kind: row.inside }
  const sni = row.hello === undefined || row.hello === 'none' ? null : row.hello
  return { kind: 'tls', sni, alpn: row.alpn ?? [], hasEch: row.ech ?? false }
}

function neverOf({ never }: TunnelRow): Partial<PolicySettings> {
  if (never === undefined) return {}
  const document = { version: 1, reviewed: '2026-11-23', categories: [{ id: 'reviewed', why: 'x', hosts: never }] }
  const result = compileNeverList({ file: 'never.yaml', document }, () => false)
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join())
  return { reviewedNever: result.list }
}

function factsOf(row: TunnelRow): TunnelFacts {
  const target = parseAuthority(row.connect)
  if (!target.ok) throw new Error(target.problem)
  const first = firstOf(row)
  const sni = first?.kind === 'tls' ? first.sni : null
  return {
    client: clientWith(),
    host: target.host,
    port: target.port ?? 443,
    hostKnowledge: lookupHost(target.host),
    first,
    sniKnowledge: sni === null ? null : lookupHost(sni),
  }
}

t.test('tunnels are decided as the table says', async (t) => {
  for (const row of rows<TunnelRow>('decide-tunnel.yaml')) {
    t.test(row.it, async (t) => {
      const decision = decideTunnel(policyWith(row.policy, { ...row.settings, ...neverOf(row) }), factsOf(row))
      const { isRecorded, ...shown } = decision
      const seen: Record<string, unknown> = { ...shown, recorded: isRecorded }
      for (const [key, wanted] of Object.entries(row.gives)) t.strictSame(seen[key], wanted, key)
      t.ok(decision.steps.length > 0, 'the decision says why')
    })
  }
})

t.test('a refusal is always recorded, whatever IT wants of tunnels', async (t) => {
  for (const row of rows<TunnelRow>('decide-tunnel.yaml')) {
    const decision = decideTunnel(policyWith(row.policy, { ...row.settings, auditTunnels: 'none' }), factsOf(row))
    if (decision.answer === 'refuse') t.ok(decision.isRecorded, row.it)
  }
})

t.test('what is refused by address stays refused with any first bytes', async (t) => {
  for (const row of rows<TunnelRow>('decide-tunnel.yaml')) {
    const policy = policyWith(row.policy, row.settings)
    const byAddress = decideTunnel(policy, { ...factsOf(row), first: null, sniKnowledge: null })
    if (byAddress.answer === 'refuse') t.equal(decideTunnel(policy, factsOf(row)).answer, 'refuse', row.it)
  }
})
