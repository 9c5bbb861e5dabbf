/** Every agreement on compression end to end: messages arrive as they were, are read, and still arrive after an edit. */
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import t from 'tap'
import type WebSocket from 'ws'
import { type PerMessageDeflateOptions, WebSocketServer } from 'ws'
import { parse } from 'yaml'
import { policyWith } from '../clients/scenario.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'
import { http2WithConnect, openOverHttp2 } from '../helpers/ws-http2.ts'
import { closeOf, nextMessages, openWebSocket } from '../helpers/ws-peers.ts'

interface Row {
  readonly it: string
  readonly client: PerMessageDeflateOptions | false
  readonly server: PerMessageDeflateOptions | false
  readonly agreed: string
}

const rows = parse(readFileSync(new URL('../cases/websocket-deflate.yaml', import.meta.url), 'utf8')) as Row[]
const HOST = 'api.openai.com'
const CODEX = { originator: 'codex_exec', 'user-agent': 'codex_exec/0.169.0 (Debian)' }
const KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')
const THRESHOLD = 200

const withThreshold = (options: PerMessageDeflateOptions | false): PerMessageDeflateOptions | false =>
  options === false ? false : { ...options, threshold: THRESHOLD }

const request = (text: string): string => JSON.stringify({ type: 'response.create', input: text })
const LONG = 'all work and no play makes a long message. '.repeat(40)
/** Small and large, the same again, one beyond the smallest window, one with a secret, and what comes after it. */
const SAID = [
  'short',
  LONG,
  'short',
  LONG,
  `${LONG}${'x'.repeat(40_000)}`,
  `${LONG} the key is ${KEY} .`,
  LONG,
  'short',
]

async function conversation(client: WebSocket): Promise<string[]> {
  const heard: string[] = []
  for (const text of SAID) {
    const back = nextMessages(client, 1)
    client.send(request(text))
    heard.push(...(await back))
  }
  const closed = closeOf(client)
  client.close(1000)
  await closed
  return heard
}

for (const tier of ['monitored', 'restricted'] as const) {
  t.test(`${tier}: whatever is agreed on, messages arrive as they were and are read`, async (t) => {
    const pki = await makePki(t)
    const origin = await startHttpsOrigin(t, pki, (_request, response) => response.writeHead(404).end())
    const servers = rows.map(
      ({ server }) => new WebSocketServer({ noServer: true, perMessageDeflate: withThreshold(server) }),
    )
    let agreed = ''
    for (const server of servers) {
      server.on('headers', (lines) => {
        agreed = lines.find((line) => /^sec-websocket-extensions:/iu.test(line))?.replace(/^.*?: */u, '') ?? ''
      })
    }
    ;(origin.server as Server).on('upgrade', (request, socket, head) => {
      const index = Number(/\d+$/u.exec(request.url ?? '')?.[0])
      servers[index]?.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.on('message', (data: Buffer) => webSocket.send(data.toString()))
      })
    })
    const weir = await startWeir(t, {
      pins: { [`${HOST}:443`]: origin.address },
      roots: [pki.rootPem],
      policy: (text) => policyWith(text, 'openai-codex', tier),
    })
    const { session } = await http2WithConnect(t, weir, HOST)
    for (const [index, row] of rows.entries()) {
      const path = `/v1/responses?row=${index}`
      const options = { headers: CODEX, perMessageDeflate: withThreshold(row.client) }
      for (const http of ['1.1', '2'] as const) {
        const client = await (http === '2'
          ? openOverHttp2(session, HOST, path, options)
          : openWebSocket(weir, HOST, path, options))
        t.equal(agreed, row.agreed, row.it)
        t.equal(client.extensions === '', row.agreed === '', 'the client was told')
        const heard = await conversation(client)
        const expected = SAID.map(request)
        if (tier === 'restricted') {
          t.match(heard[5], / the key is WEIR\w+ \./u, `HTTP/${http}: ${row.it}`)
          heard[5] = expected[5] ?? ''
        }
        t.strictSame(heard, expected, `HTTP/${http}: ${row.it}`)
      }
    }
    const count = rows.length * 2
    const isWhole = (events: Record<string, unknown>[]): boolean =>
      flowEvents(events).filter(({ phase }) => phase === 'outcome').length === count * (SAID.length + 1)
    const events = flowEvents(await weir.waitForEvents(isWhole))
    const found = events.filter(({ phase, findings }) => phase === 'intent' && (findings as unknown[]).length > 0)
    t.equal(found.length, count, 'the secret was found on every connection')
    t.strictSame(
      events.filter(({ unread, error }) => (unread ?? null) !== null || (error ?? null) !== null),
      [],
      'nothing went unread',
    )
  })
}
