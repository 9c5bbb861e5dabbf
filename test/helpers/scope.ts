/** The part of a tap test that helpers need: something that ends, and cleans up then. */
export interface Scope {
  readonly teardown: (clean: () => unknown) => void
}
