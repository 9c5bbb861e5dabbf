/** Writes discovered hosts without end, for whoever kills it; says so when the first piece is written. */
import { DiscoveryWriter } from '../../src/cli/discovery-writer.ts'
import { emptyBits } from '../../src/discover/client-bits.ts'
import { openDiscoveryStore } from '../../src/state/discovery-store.ts'

const store = openDiscoveryStore(process.argv[2] ?? '', { waitMs: 50 })
let next = 0
const writer = new DiscoveryWriter({
  store: {
    addHosts: (rows) => {
      store.addHosts(rows)
      process.stdout.write('.')
    },
    addPaths: () => undefined,
    putDrift: () => [],
    trim: () => undefined,
  },
  hosts: {
    take: () =>
      Array.from({ length: 4096 }, () => ({
        ...{ host: `h${next++}.example`, score: 85, requests: 1, tunnels: 0, streamed: 0, bytesIn: 1, bytesOut: 1 },
        ...{ evidence: new Set<string>(), dialects: new Set<never>(), tools: new Set<string>() },
        ...{ clients: emptyBits(), firstMs: 1, lastMs: 2 },
      })),
  },
  paths: { take: () => [] },
  drift: { sweep: () => false, found: () => [] },
  nowMs: () => 0,
  onDrift: () => undefined,
  onFailed: (error) => {
    throw error
  },
})
for (;;) writer.some()
