import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { NEW_STATE, stateFile, writeState } from '../../src/audit/sinks/state-file.ts'
import { createSpool } from '../../src/audit/spool.ts'
import { run } from '../../src/cli/audit-sinks.ts'
import { singleOutcome } from '../audit/events.ts'
import { httpReceiver } from '../audit/sinks/world.ts'
import { fakeIo } from './fake-io.ts'

function folder(t: Test, sinks: readonly object[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'weir-sinks-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'weir.yaml'), stringify({ audit: { sinks } }))
  return dir
}

async function weir(dir: string, ...args: readonly string[]) {
  const io = fakeIo(dir)
  return { code: await run(['sinks', ...args], io), out: io.out(), err: io.err() }
}

t.test('it lists each sink with what it has not got, and what is wrong', async (t) => {
  const dir = folder(t, [
    { name: 'copy', kind: 'file', file: 'copy.jsonl' },
    { name: 'siem', kind: 'syslog', host: 'siem.example.com' },
    { name: 'new', kind: 'otlp', url: 'https://otel.example.com/v1/logs?key=hush' },
  ])
  const spool = createSpool({ dir: join(dir, 'data', 'audit'), stream: 'n1-w0', segmentBytes: 1e6 })
  for (let count = 0; count < 5; count++) await spool.append(singleOutcome())
  await spool.close()
  const files = join(dir, 'data', 'sinks')
  const streams = { 'n1-w0': { segment: 1, offset: 0, line: 3, personal: 0, seq: 3 } }
  await writeState(stateFile(files, 'copy'), {
    ...NEW_STATE,
    streams: { 'n1-w0': { ...streams['n1-w0'], seq: 5 } },
    delivered: 5,
    deliveredAt: '2026-11-23T10:00:00.000Z',
  })
  t.equal((await weir(dir)).code, 0)
  const failure = { since: '2026-11-23T10:00:00.000Z', why: 'status 503 \u001b[31m' }
  await writeState(stateFile(files, 'siem'), { ...NEW_STATE, streams, delivered: 3, setAside: 1, lost: 2, failure })
  const { code, out } = await weir(dir)
  t.equal(code, 1, 'one does not take records')
  t.match(out, /copy: file \S+\/copy\.jsonl \(jsonl\)\n {2}0 behind, 5 delivered, last 2026-11-23T10:00:00\.000Z\n/u)
  t.match(out, /siem: syslog siem\.example\.com:6514 \(jsonl\) {2}FAILING/u)
  t.match(out, '2 behind, 3 delivered, last never')
  t.match(out, 'since 2026-11-23T10:00:00.000Z: status 503 \\u001b[31m')
  t.match(out, '1 refused for good')
  t.match(out, '2 LOST')
  t.match(out, 'nothing delivered yet')
  t.notMatch(out, 'hush')
  const lines = (await weir(dir, '--json')).out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  t.match(lines, [
    { name: 'copy', behindEvents: 0, kind: 'file' },
    { name: 'siem', behindEvents: 2, state: { failure } },
    { name: 'new', state: null },
  ])
})

t.test('test sends one marked event and says what came back', async (t) => {
  let status = 200
  const { url, got } = await httpReceiver(t, (_received, response) => response.writeHead(status).end('sorry'))
  const dir = folder(t, [{ name: 'otel', kind: 'otlp', url }])
  const good = await weir(dir, 'test', 'otel')
  t.equal(good.code, 0)
  t.match(good.out, /otel took the test event [0-9A-Z]{26}/u)
  t.match(got[0]?.body, 'sink.test')
  status = 503
  const bad = await weir(dir, 'test', 'otel')
  t.equal(bad.code, 1)
  t.match(bad.out, 'did not take the test event: status 503: sorry')
  t.match(JSON.parse((await weir(dir, 'test', 'otel', '--json')).out), { name: 'otel', kind: 'retry' })
})

t.test('a test needs no data folder, and leaves none', async (t) => {
  const dir = folder(t, [{ name: 'copy', kind: 'file', file: 'copy.jsonl' }])
  t.equal((await weir(dir, 'test', 'copy')).code, 0)
  t.match(JSON.parse(readFileSync(join(dir, 'copy.jsonl'), 'utf8')), {
    phase: 'admin',
    operation: 'sink.test',
    target: 'copy',
  })
})

t.test('wrong use, unknown names and broken configurations are told', async (t) => {
  const dir = folder(t, [])
  t.match(await weir(dir), { code: 0, out: /sent nowhere/ })
  t.match(await weir(dir, 'test'), { code: 2, err: /NAME/ })
  t.match(await weir(dir, 'tset', 'a'), { code: 2 })
  t.match(await weir(dir, 'test', 'a\u001b'), { code: 2, err: /no sink is called `a\\u001b`; there are: none/ })
  writeFileSync(join(dir, 'weir.yaml'), 'audit: { sinks: [{ kind: file }] }')
  t.match(await weir(dir), { code: 3, err: /audit\.sinks/ })
})
