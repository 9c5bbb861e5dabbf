/** `npm run bench [name]… [--rounds N] [--quick]`: runs the named benches, all by default, and writes RESULTS.md. `--quick` leaves all peers but Squid out. */
import { parseArgs } from 'node:util'
import { type Section, writeSection } from './harness/report.ts'

type Bench = (rounds: number | undefined, isQuick?: boolean) => Promise<Section>

const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  intercept: async () => (await import('./intercept.bench.ts')).run,
  mint: async () => {
    const { run } = await import('./mint.bench.ts')
    return (rounds) => run(rounds)
  },
  inspect: async () => {
    const { run } = await import('./inspect.bench.ts')
    return (rounds) => run(rounds)
  },
  tables: async () => {
    const { run } = await import('./tables.bench.ts')
    return (rounds) => run(rounds)
  },
  'durable-intent': async () => (await import('./durable-intent.bench.ts')).run,
  tunnel: async () => (await import('./tunnel.bench.ts')).run,
  store: async () => {
    const { run } = await import('./store.bench.ts')
    return (rounds) => run(rounds)
  },
  'first-event': async () => (await import('./first-event.bench.ts')).run,
  restore: async () => {
    const { run } = await import('./restore.bench.ts')
    return (rounds) => run(rounds)
  },
  kill: async () => {
    const { run } = await import('./kill.bench.ts')
    return (rounds) => run(rounds)
  },
  verify: async () => {
    const { run } = await import('./verify.bench.ts')
    return (rounds) => run(rounds)
  },
  report: async () => (await import('./report.bench.ts')).run,
  sinks: async () => {
    const { run } = await import('./sinks.bench.ts')
    return (rounds) => run(rounds)
  },
  'loop-hold': async () => {
    const { run } = await import('./loop-hold.bench.ts')
    return (rounds) => run(rounds)
  },
  'idle-memory': async () => (await import('./idle-memory.bench.ts')).run,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, quick: { type: 'boolean', default: false } },
})
const names = positionals.length === 0 ? Object.keys(BENCHES) : positionals
const unknown = names.filter((name) => !(name in BENCHES))
if (unknown.length > 0) {
  console.error(`no bench \`${unknown.join('`, `')}\`: there are ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}
for (const name of names) {
  const bench = await BENCHES[name]?.()
  if (bench === undefined) continue
  const section = await bench(values.rounds === undefined ? undefined : Number(values.rounds), values.quick)
  console.log(`## ${section.title}\n\n${section.body}\n`)
  writeSection(section)
}
