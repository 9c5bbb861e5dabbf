/** Sets the headers by which a vendor lets in only the company's tenants, in place of whatever the client sent under their names. */
import type { RawHeaders } from '../domain/headers.ts'
import type { TenantHeaders } from '../domain/tenant.ts'

/**
 * End-to-end lines with each tenant header exactly once. Servers behind a gateway may read `_` as `-`, so that such
 * spellings are taken away too.
 */
export function withTenantHeaders(headers: RawHeaders, tenant: TenantHeaders): string[] {
  const kept = withoutTenantHeaders(headers, tenant)
  kept.push(...tenant.set)
  return kept
}

/** The lines without any spelling of a tenant header. */
export function withoutTenantHeaders(headers: RawHeaders, tenant: TenantHeaders): string[] {
  const kept: string[] = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? ''
    if (!tenant.names.has(name.toLowerCase().replaceAll('_', '-'))) kept.push(name, headers[index + 1] ?? '')
  }
  return kept
}
