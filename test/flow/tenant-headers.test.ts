import fc from 'fast-check'
import t from 'tap'
import type { TenantHeaders } from '../../src/domain/tenant.ts'
import { withoutTenantHeaders, withTenantHeaders } from '../../src/flow/tenant-headers.ts'

const tenant: TenantHeaders = {
  restrictions: ['anthropic'],
  set: ['anthropic-allowed-org-ids', 'ours'],
  names: new Set(['anthropic-allowed-org-ids']),
}

t.test('the header stands exactly once, with our value, whatever the client sent under its name', async (t) => {
  const sent = ['Host', 'a', 'Anthropic-Allowed-Org-Ids', 'x', 'ANTHROPIC_ALLOWED_ORG_IDS', 'y', 'X', '1', 'X', '2']
  t.strictSame(withTenantHeaders(sent, tenant), [
    ...['Host', 'a', 'X', '1', 'X', '2'],
    ...['anthropic-allowed-org-ids', 'ours'],
  ])
  t.strictSame(withTenantHeaders([], tenant), ['anthropic-allowed-org-ids', 'ours'])
})

t.test('trailers lose the names and gain nothing', async (t) => {
  t.strictSame(withoutTenantHeaders(['anthropic-allowed-org-ids', 'x', 'Grpc-Status', '0'], tenant), [
    'Grpc-Status',
    '0',
  ])
})

t.test('every other line keeps its case, order and repeats', async (t) => {
  const name = fc.constantFrom('Accept', 'X-A', 'x-a', 'Anthropic-Allowed-Org-Ids', 'anthropic_allowed-org_ids')
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.string())), (lines) => {
      const others = lines.filter(([key]) => !/^anthropic/iu.test(key))
      t.strictSame(withTenantHeaders(lines.flat(), tenant), [...others.flat(), 'anthropic-allowed-org-ids', 'ours'])
    }),
    { numRuns: 100 },
  )
})
