import type { RawHeaders } from './headers.ts'

/** What Weir does to the head of a request so that a vendor lets in only the company's own tenants. */
export interface TenantHeaders {
  /** Keys of `tenants:` in the policy, e.g. `anthropic`; they stand in events, the values never do. */
  readonly restrictions: readonly string[]
  /** Name, value, name, value …, as they are written. */
  readonly set: RawHeaders
  /** The same names in lower case: whatever the client sent under them is taken away first. */
  readonly names: ReadonlySet<string>
}
