import t from 'tap'
import type { FirstBytes, TunnelFacts } from '../../src/domain/decision.ts'
import { parseAuthority } from '../../src/domain/destination.ts'
import type { PolicySettings } from '../../src/policy/compile.ts'
import { decideTunnel } from '../../src/policy/decide-tunnel.ts'
import { evasionOf } from '../../src/policy/tunnel-evasions.ts'
import { placeOf } from '../../src/policy/tunnel-place.ts'
import { clientWith, lookupHost, policyWith, rows } from './world.ts'

interface EvasionRow {
  readonly it: string
  readonly policy?: Record<string, unknown>
  readonly settings?: Partial<PolicySettings>
  readonly connect: string
  readonly hello?: string
  readonly ech?: boolean
  readonly inside?: 'http' | 'bytes'
  readonly nested?: string
  readonly refusedUsMs?: number
  readonly gives: Record<string, unknown>
}

function firstOf({ hello, inside, nested, ech = false }: EvasionRow): FirstBytes | null {
  if (inside !== undefined) return { kind: inside, ...(nested === undefined ? {} : { nested }) }
  return hello === undefined ? null : { kind: 'tls', sni: hello === 'none' ? null : hello, alpn: [], hasEch: ech }
}

function factsOf(row: EvasionRow): TunnelFacts {
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
    ...(row.refusedUsMs === undefined ? {} : { refusedUsMs: row.refusedUsMs }),
  }
}

/** Evasions that a row does not name stay as shipped. */
const SHIPPED = {
  ...{ sniMismatch: 'refuse', ipLiteral: 'record', ech: 'record', doh: 'record', nonTls: 'record' },
  ...{ nestedConnect: 'refuse', untrustingClient: 'record' },
}

function policyOf({ policy, settings }: EvasionRow): ReturnType<typeof policyWith> {
  const evasion = { ...SHIPPED, ...(policy?.['evasion'] as object | undefined) }
  return policyWith({ ...policy, evasion }, settings)
}

t.test('ways around are answered as the table says', async (t) => {
  for (const row of rows<EvasionRow>('tunnel-evasions.yaml')) {
    t.test(row.it, async (t) => {
      const { isRecorded, ...shown } = decideTunnel(policyOf(row), factsOf(row))
      const seen: Record<string, unknown> = { ...shown, recorded: isRecorded }
      for (const [key, wanted] of Object.entries(row.gives)) t.strictSame(seen[key], wanted, key)
    })
  }
})

t.test('what tries nothing is not answered here', async (t) => {
  const policy = policyWith()
  const facts = factsOf({ it: '', connect: 'api.openai.com:443', hello: 'api.openai.com', gives: {} })
  const place = placeOf(policy, facts)
  t.equal(evasionOf({ policy, facts, place, steps: [], recorded: null, certificateHost: null }), null)
})
