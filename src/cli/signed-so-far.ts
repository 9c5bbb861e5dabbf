/** Waits until records are under a signed checkpoint: from then on nobody can take them back. */

export interface SignedSoFar {
  /** A checkpoint of so many records is durable. */
  readonly reached: (size: number) => void
  /** Resolves once the record with this number is under one. */
  readonly until: (seq: number) => Promise<void>
}

export function createSignedSoFar(): SignedSoFar {
  let signed = 0
  let waiting: { readonly seq: number; readonly resolve: () => void }[] = []
  return {
    reached: (size) => {
      signed = Math.max(signed, size)
      const now = waiting.filter(({ seq }) => seq <= signed)
      waiting = waiting.filter(({ seq }) => seq > signed)
      for (const { resolve } of now) resolve()
    },
    until: (seq) => (seq <= signed ? Promise.resolve() : new Promise((resolve) => waiting.push({ seq, resolve }))),
  }
}
