/**
 * What discovery adds to a tunnel and to a request, in microseconds: `node bench/discover.ts`. Tunnels of ordinary hosts are the
 * many; requests are those on hosts outside the catalogue, the only ones that are looked at.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDiscoveryDesk } from '../src/cli/discovery-desk.ts'
import type { RequestHead } from '../src/domain/tool.ts'
import { RequestWatch } from '../src/flow/request-watch.ts'

const nothing = (): void => undefined
const dir = mkdtempSync(join(tmpdir(), 'weir-discover-'))
const desk = openDiscoveryDesk({
  config: { data: { dir } },
  key: new Uint8Array(32),
  snapshot: () => ({ lookupHost: () => ({ isKnown: false, isShared: false, tools: [] }), isSanctioned: () => false }),
  nowMs: () => Date.now(),
  log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  metrics: { count: nothing, observe: nothing, gauge: nothing },
  record: nothing,
})

function head(path: string, type = 'application/json'): RequestHead {
  const headers = [
    'Host',
    'a.example',
    'User-Agent',
    'Mozilla/5.0 (X11; Linux x86_64)',
    'Accept',
    '*/*',
    'Content-Type',
    type,
  ]
  const more = ['Authorization', 'Bearer abcdefghijklmnop', 'Origin', 'https://a.example', 'Cookie', 'a=b; c=d']
  return {
    method: 'POST',
    scheme: 'https',
    host: 'a.example',
    port: 443,
    path,
    headers: [...headers, ...more],
    isUpgrade: false,
  }
}

const plain = Buffer.from(
  JSON.stringify({
    room: 'a',
    message: 'hello',
    items: Array.from({ length: 200 }, (_, id) => ({ id, name: `n${id}`, tags: ['a', 'b'] })),
  }),
)
const chat = Buffer.from(
  JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'x'.repeat(60_000) }], stream: true }),
)
const far = { isNear: () => false, decode: () => Promise.resolve(null) }
const hosts = Array.from({ length: 300 }, (_, index) => `www.site${index}.example`)
let turn = 0
const host = (): string => hosts[turn++ % hosts.length] ?? ''
const seen = { client: '10.0.0.1', bytesIn: 900, bytesOut: 20_000 }

const QUESTIONS: readonly (readonly [name: string, run: () => void])[] = [
  [
    'tunnel: an ordinary host',
    () => {
      const name = host()
      desk.flow.contact('10.0.0.1', name)
      desk.flow.tunnel({ ...seen, host: name, durationMs: 500 })
    },
  ],
  [
    'tunnel: a name that looks like AI',
    () => {
      desk.flow.contact('10.0.0.1', 'api.chatgpt-x.example')
      desk.flow.tunnel({ ...seen, host: 'api.chatgpt-x.example', durationMs: 500 })
    },
  ],
  ['request: head, nothing to look at', () => new RequestWatch(head('/assets/a', 'text/css'), false, far)],
  [
    `request: head and a plain body of ${plain.length} bytes`,
    () => {
      const watch = new RequestWatch(head('/api/items'), true, far)
      watch.bodyPiece(plain)
      watch.end()
    },
  ],
  [
    `request: head and a chat of ${chat.length} bytes, held`,
    () => new RequestWatch(head('/api/chat'), true, far).body(chat),
  ],
  [
    'request: counted',
    () => {
      const sighting = { score: 85, dialect: 'openai-chat', evidence: ['dialect:openai-chat'] } as const
      desk.flow.request({ ...seen, host: 'relay.example', sighting, isOther: false, tool: null })
    },
  ],
]

const ROUNDS = 100_000
for (const [name, run] of QUESTIONS) {
  for (let index = 0; index < ROUNDS / 10; index++) run()
  const from = performance.now()
  for (let index = 0; index < ROUNDS; index++) run()
  const each = ((performance.now() - from) * 1000) / ROUNDS
  process.stdout.write(`${each.toFixed(2).padStart(8)} µs  ${name}\n`)
}
// A flood of names, and how long the event loop waits at a time until all of them are written.
for (let index = 0; index < 4096; index++) {
  const host = index % 2 === 0 ? `gpt-api.x${index}.net` : `relay${index}.example`
  desk.flow.tunnel({ ...seen, host, durationMs: 500 })
  const sighting = { score: 85, dialect: 'openai-chat', evidence: ['dialect:openai-chat'] } as const
  if (index % 2 === 1) desk.flow.request({ ...seen, host, sighting, isOther: false, tool: null })
}
const from = performance.now()
desk.port.list({ sinceMs: 0, minScore: 100, all: false })
const listedMs = performance.now() - from
const blocked = monitorEventLoopDelay({ resolution: 1 })
blocked.enable()
await sleep(3000)
blocked.disable()
process.stdout.write(
  `a flood of 4,096 hosts: ${listedMs.toFixed(1)} ms for who lists them first, then ${(blocked.max / 1e6).toFixed(1)} ms at most at a time\n`,
)
desk.close()
rmSync(dir, { recursive: true })
