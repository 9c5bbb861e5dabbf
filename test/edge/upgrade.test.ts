import type { Socket } from 'node:net'
import t from 'tap'
import { closed, deferred, ok, onRequests, readToEnd, requestTo, setStage } from '../helpers/stage.ts'
import { flowEvents } from '../helpers/weir.ts'
import { readUntil } from '../helpers/wire-client.ts'

const stage = await setStage(t)
const upgradeTo = (host: string, lines = ''): string =>
  `GET http://${host}/openai/v1/realtime HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${lines}\r\n`
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'

const recorded = async (host: string): Promise<Record<string, unknown>[]> => {
  const on = (events: Record<string, unknown>[]): Record<string, unknown>[] => {
    const flow = events.find(({ destination }) => (destination as { host?: string } | undefined)?.host === host)?.[
      'flow'
    ]
    return flowEvents(events).filter((event) => flow !== undefined && event['flow'] === flow)
  }
  return on(await stage.weir.waitForEvents((events) => on(events).some(({ phase }) => phase === 'outcome')))
}

t.test('an upgrade to a held tier gets 426, closed, and the upstream is never asked', async (t) => {
  let asked = 0
  stage.play(() => asked++)
  for (const [host, lines] of [
    [stage.host('restricted'), ''],
    ['api.anthropic.com', 'User-Agent: claude-cli/2.1.330\r\n'],
  ] as const) {
    const client = await stage.open()
    client.write(`${upgradeTo(host, lines).replace('/openai/v1/realtime', '/v1/messages')}early bytes`)
    const { text, how } = await readToEnd(client)
    t.match(text, /^HTTP\/1\.1 426 .*connection: close/isu, host)
    t.equal(how, 'end')
    const events = await recorded(host)
    t.match(events, [{ phase: 'outcome', action: 'block', status: 426 }])
    t.equal(events.length, 1)
  }
  t.equal(asked, 0)
})

t.test('an upgrade to a monitored host is relayed unread: intent first, bytes counted at the end', async (t) => {
  const host = stage.host('monitored')
  let intentsBefore = 0
  stage.play((socket) =>
    socket.once('data', () => {
      intentsBefore = flowEvents(stage.weir.events()).filter(({ phase }) => phase === 'intent').length
      socket.write(SWITCHED)
      socket.on('data', (chunk: Buffer) => socket.end(`echo ${chunk.toString()}`))
    }),
  )
  const client = await stage.open()
  client.write(upgradeTo(host))
  await readUntil(client, (text) => text.endsWith('\r\n\r\n'))
  client.write('ping')
  t.match((await readToEnd(client)).text, /^echo ping$/u)
  t.equal(intentsBefore, 1)
  t.match(await recorded(host), [
    { phase: 'intent', unread: 'websocket' },
    { phase: 'outcome', status: 101, complete: true },
  ])
})

t.test('an upstream that declines or fails is passed on or answered, and recorded', async (t) => {
  const cases: [string, RegExp, object][] = [
    [ok('no', '').replace('200 OK', '403 Forbidden'), /^HTTP\/1\.1 403 Forbidden\r\n.*no$/su, { status: 403 }],
    ['garbage\r\n\r\n', /^HTTP\/1\.1 502 /u, { error: { code: 'upstream-protocol' } }],
    ['', /^HTTP\/1\.1 502 /u, { error: { code: 'upstream-reset' } }],
  ]
  for (const [response, expected, outcome] of cases) {
    const host = stage.host('monitored')
    stage.play((socket) => socket.once('data', () => socket.end(response)))
    const client = await stage.open()
    client.write(upgradeTo(host))
    t.match((await readToEnd(client)).text, expected)
    t.match((await recorded(host)).at(-1), { phase: 'outcome', ...outcome })
  }
})

t.test('after a declined upgrade no byte of the client is taken for a request', async (t) => {
  const host = stage.host('monitored')
  const seen: string[] = []
  stage.play((socket) =>
    onRequests(socket, (request) => {
      seen.push(request)
      socket.write(ok('declined'))
    }),
  )
  const client = await stage.open()
  client.write(upgradeTo(host) + requestTo('api.anthropic.com'))
  const { text } = await readToEnd(client)
  t.equal(text.match(/HTTP\/1\.1/gu)?.length, 1, 'one answer')
  t.equal(seen.length, 1)
})

t.test('a client that leaves while the upstream thinks closes it, and is recorded', async (t) => {
  const host = stage.host('monitored')
  const upstream = deferred<Socket>()
  stage.play((socket) => socket.once('data', () => upstream.resolve(socket)))
  const client = await stage.open()
  client.write(upgradeTo(host))
  const socket = await upstream.promise
  client.destroy()
  await closed(socket)
  t.match((await recorded(host)).at(-1), { phase: 'outcome', complete: false, error: { code: 'client-gone' } })
})

t.test('a mismatch of names in an upgrade gets 421', async (t) => {
  const client = await stage.open()
  client.write(upgradeTo(stage.host('monitored')).replace(/Host: .*/u, 'Host: other.example'))
  t.match((await readToEnd(client)).text, /^HTTP\/1\.1 421 /u)
})
