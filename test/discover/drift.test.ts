import t from 'tap'
import { DriftWatch, MAX_CLIENTS, MAX_PAIRS, WINDOW_MS } from '../../src/discover/drift.ts'

const bitOf = (client: string): number => Number(client.slice(1)) * 7

/** So many clients live through so many windows; `each` says what they do. */
function live(
  clients: number,
  windows: number,
  each: (watch: DriftWatch, client: string, nowMs: number, window: number) => void,
) {
  const watch = new DriftWatch(bitOf)
  for (let window = 0; window < windows; window++) {
    for (let index = 0; index < clients; index++) each(watch, `c${index}`, window * WINDOW_MS + 1, window + index)
  }
  while (watch.sweep(windows * WINDOW_MS + 1, 2)) continue
  return watch.found()
}

t.test('a host that comes with a tool and hardly without it is told', async (t) => {
  const found = live(5, 60, (watch, client, nowMs, window) => {
    watch.host(client, 'google.example', nowMs)
    if (window % 3 !== 0) return
    watch.tool(client, 'codex', nowMs)
    watch.host(client, 'telemetry.new.example', nowMs)
  })
  t.match(found, [{ tool: 'codex', host: 'telemetry.new.example', clients: 5 }])
  t.ok((found[0]?.lift ?? 0) > 5 && (found[0]?.windows ?? 0) >= 90)
})

t.test('what everybody reaches all the time is never told, however often it comes with the tool', async (t) => {
  const found = live(5, 300, (watch, client, nowMs, window) => {
    watch.host(client, 'google.example', nowMs)
    if (window % 2 === 0) watch.tool(client, 'codex', nowMs)
  })
  t.strictSame(found, [])
})

t.test('what developers read, with the tool and without, is not told because only developers read it', async (t) => {
  const found = live(40, 200, (watch, client, nowMs, window) => {
    const isDeveloper = Number(client.slice(1)) < 5
    watch.host(client, 'google.example', nowMs)
    if (isDeveloper && window % 3 === 0) watch.tool(client, 'codex', nowMs)
    if (isDeveloper && window % 4 === 0) watch.host(client, 'docs.example', nowMs)
  })
  t.strictSame(found, [])
})

t.test('one client, few windows, or no time without the tool are not enough', async (t) => {
  const both = (watch: DriftWatch, client: string, nowMs: number): void => {
    watch.tool(client, 'codex', nowMs)
    watch.host(client, 'new.example', nowMs)
  }
  t.strictSame(
    live(1, 300, (watch, client, nowMs, window) =>
      window % 3 === 0 ? both(watch, client, nowMs) : watch.host(client, 'a.example', nowMs),
    ),
    [],
    'one client',
  )
  t.strictSame(
    live(5, 6, (watch, client, nowMs, window) =>
      window % 3 === 0 ? both(watch, client, nowMs) : watch.host(client, 'a.example', nowMs),
    ),
    [],
    'six windows',
  )
  t.strictSame(live(5, 300, both), [], 'never without')
})

t.test('what says itself that it is no tool is never told, and its windows count as quiet ones', async (t) => {
  const found = live(5, 60, (watch, client, nowMs, window) => {
    watch.there(client, nowMs)
    if (window % 3 !== 0) return
    watch.tool(client, 'codex', nowMs)
    watch.host(client, 'new.example', nowMs)
  })
  t.match(found, [{ host: 'new.example' }])
  t.equal(found.length, 1)
})

t.test('clients and pairs are bounded under a flood of both', async (t) => {
  const watch = new DriftWatch(() => 1)
  for (let index = 0; index < 30_000; index++) {
    const client = `c${index % 5000}`
    watch.tool(client, 'codex', index)
    watch.host(client, `h${index}.example`, index)
    watch.host(client, `g${index}.example`, index)
  }
  t.ok(watch.sweep(10 * WINDOW_MS, 100), 'not all of them at once')
  t.notOk(watch.sweep(10 * WINDOW_MS, MAX_CLIENTS))
  for (let round = 0; round < 12; round++) {
    for (let index = 0; index < 2000; index++) {
      watch.tool(`c${index}`, 'codex', round * WINDOW_MS)
      watch.host(`c${index}`, `r${round}-${index}.example`, round * WINDOW_MS)
    }
  }
  watch.sweep(100 * WINDOW_MS, MAX_CLIENTS)
  const { clients, pairs } = watch.size
  t.ok(clients <= MAX_CLIENTS && pairs <= MAX_PAIRS, `${clients} clients, ${pairs} pairs`)
})
