import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createSink } from '../../../src/audit/sinks/create-sink.ts'
import {
  fileSettings,
  hecSettings,
  httpReceiver,
  message,
  otlpSettings,
  syslogReceiver,
  syslogSettings,
  webhookSettings,
} from './world.ts'

t.test('each kind delivers the text of a record', async (t) => {
  const dir = t.testdir({})
  const secretFile = join(dir, 'secret')
  writeFileSync(secretFile, createHash('sha256').update('x').digest('hex'))
  const http = await httpReceiver(t)
  const syslog = await syslogReceiver(t)
  const kinds = [
    hecSettings(http.url),
    otlpSettings(http.url),
    webhookSettings(http.url, secretFile),
    syslogSettings(syslog.port),
    fileSettings(join(dir, 'copy')),
  ]
  for (const settings of kinds) {
    const sink = createSink(settings)
    t.strictSame(await sink.send([message('A1B2')]), { kind: 'delivered' }, settings.kind)
    await sink.close()
  }
  const arrived = [
    ...http.got.map(({ body }) => body),
    syslog.frames().join(''),
    readFileSync(join(dir, 'copy'), 'utf8'),
  ]
  t.equal(arrived.length, kinds.length)
  for (const text of arrived) t.match(text, 'A1B2')
})
