import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createOtlpSink, otlpBody } from '../../../src/audit/sinks/otlp.ts'
import { HOSTILE, httpReceiver, message, otlpSettings } from './world.ts'

t.test('a batch is one ExportLogsServiceRequest with a record per message', async (t) => {
  const body = JSON.parse(otlpBody([message('A', { severity: 'warning' }), message('B', { text: HOSTILE })])) as object
  t.match(body, {
    resourceLogs: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'weir' } }, { key: 'host.name' }] },
        scopeLogs: [
          {
            scope: { name: 'weir.audit' },
            logRecords: [
              {
                timeUnixNano: '1795428000123000000',
                severityNumber: 13,
                severityText: 'WARNING',
                eventName: 'weir.outcome',
                body: { stringValue: '{"id":"A"}' },
                attributes: [{ key: 'log.record.uid', value: { stringValue: 'A' } }, { key: 'weir.phase' }],
              },
              { body: { stringValue: HOSTILE } },
            ],
          },
        ],
      },
    ],
  })
})

t.test('it goes to /v1/logs, or where the configuration says, with a bearer token', async (t) => {
  const tokenFile = join(t.testdir({}), 'token')
  writeFileSync(tokenFile, 'abc')
  const { url, got } = await httpReceiver(t)
  t.strictSame(await createOtlpSink(otlpSettings(url, { tokenFile })).send([message('A')]), { kind: 'delivered' })
  t.strictSame(await createOtlpSink(otlpSettings(`${url}/otel/logs`)).send([message('A')]), { kind: 'delivered' })
  t.match(got, [
    { path: '/v1/logs', headers: { authorization: 'Bearer abc', 'content-type': 'application/json' } },
    { path: '/otel/logs' },
  ])
  t.notOk(got[1]?.headers.authorization)
})

t.test('a partial success that names rejected records is a refusal; a warning is none', async (t) => {
  let said = ''
  const { url } = await httpReceiver(t, (_received, response) => response.end(said))
  const sink = createOtlpSink(otlpSettings(url))
  for (const text of [
    '{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too\\nold"}}',
    '{"partialSuccess":{"rejectedLogRecords":2}}',
  ]) {
    said = text
    t.match(await sink.send([message('A')]), { kind: 'refused', why: /^[12] records rejected/ })
  }
  for (const text of [
    '',
    '{}',
    '{"partialSuccess":{}}',
    '{"partialSuccess":{"rejectedLogRecords":0,"errorMessage":"hm"}}',
    '{"partialSuccess":7}',
    '<html>',
  ]) {
    said = text
    t.strictSame(await sink.send([message('A')]), { kind: 'delivered' }, text)
  }
  await sink.close()
})
