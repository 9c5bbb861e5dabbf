import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createHecSink, hecEvent } from '../../../src/audit/sinks/hec.ts'
import { HOSTILE, hecSettings, httpReceiver, message } from './world.ts'

t.test('an event has its time in seconds, the id as a field, and JSON as an object', async (t) => {
  const settings = { index: 'ai', sourcetype: 'weir:audit' }
  t.match(JSON.parse(hecEvent(message('A'), settings)), {
    time: 1_795_428_000.123,
    source: 'weir',
    sourcetype: 'weir:audit',
    index: 'ai',
    fields: { weir_id: 'A' },
    event: { id: 'A' },
  })
  const cef = JSON.parse(
    hecEvent(message('A', { isJson: false, text: HOSTILE }), { ...settings, index: null }),
  ) as object
  t.match(cef, { event: HOSTILE })
  t.notOk('index' in cef)
})

t.test('events go to the collector with the token of the file, one behind the other', async (t) => {
  const tokenFile = join(t.testdir({}), 'token')
  writeFileSync(tokenFile, 'abc\n')
  const { url, got } = await httpReceiver(t, (_received, response) => response.end('{"text":"Success","code":0}'))
  const sink = createHecSink(hecSettings(url, { tokenFile }))
  t.strictSame(await sink.send([message('A'), message('B')]), { kind: 'delivered' })
  t.match(got, [
    {
      path: '/services/collector/event',
      headers: { authorization: 'Splunk abc', 'x-splunk-request-channel': /^[\da-f-]{36}$/ },
    },
  ])
  t.match(got[0]?.body, /^\{.*"event":\{"id":"A"\}\}\{.*"event":\{"id":"B"\}\}$/)
  await sink.close()
})

t.test('with an ackId it waits for the indexers, on the channel that it sent on', async (t) => {
  const acks = [false, true]
  const { url, got } = await httpReceiver(t, ({ path }, response) =>
    response.end(path.includes('/ack') ? JSON.stringify({ acks: { 5: acks.shift() } }) : '{"code":0,"ackId":5}'),
  )
  const sink = createHecSink(hecSettings(url))
  t.strictSame(await sink.send([message('A')]), { kind: 'delivered' })
  const channel = String(got[0]?.headers['x-splunk-request-channel'])
  t.strictSame(
    got.slice(1).map(({ path, body }) => ({ path, body })),
    Array(2).fill({ path: `/services/collector/ack?channel=${channel}`, body: '{"acks":[5]}' }),
  )
  await sink.close()
})

t.test('indexers that never acknowledge, or refuse to say, have not got it', async (t) => {
  const never = await httpReceiver(t, ({ path }, response) =>
    response.end(path.includes('/ack') ? '{"acks":{"5":false}}' : '{"code":0,"ackId":5}'),
  )
  t.match(await createHecSink(hecSettings(never.url, { ackMs: 50 })).send([message('A')]), {
    kind: 'retry',
    why: /not acknowledged/,
  })
  const off = await httpReceiver(t, ({ path }, response) =>
    path.includes('/ack')
      ? response.writeHead(400).end('{"text":"ACK is disabled","code":14}')
      : response.end('{"ackId":5}'),
  )
  t.match(await createHecSink(hecSettings(off.url)).send([message('A')]), {
    kind: 'retry',
    why: 'acknowledgement: status 400, code 14',
    said: /ACK is disabled/,
  })
})

t.test('a fault of the set-up is no fault of the record; a bad body is', async (t) => {
  let said = ''
  const { url } = await httpReceiver(t, (_received, response) => response.writeHead(400).end(said))
  const sink = createHecSink(hecSettings(url))
  for (const code of [7, 10, 11, 14]) {
    said = `{"text":"no","code":${code}}`
    t.match(await sink.send([message('A')]), { kind: 'retry' }, `${code}`)
  }
  for (const text of ['{"code":6}', '{"code":12}', '{}', '']) {
    said = text
    t.match(await sink.send([message('A')]), { kind: 'refused' }, text)
  }
  await sink.close()
})

t.test('a missing token is said, without the token of another time', async (t) => {
  const { url, got } = await httpReceiver(t)
  t.match(await createHecSink(hecSettings(url, { tokenFile: '/nowhere/token' })).send([message('A')]), {
    kind: 'retry',
    why: /ENOENT/,
  })
  t.equal(got.length, 0)
})
