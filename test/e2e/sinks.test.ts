/** Receivers of records beside the traffic: dead ones hold nothing up, and the list changes while Weir runs. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { httpReceiver, listen } from '../audit/sinks/world.ts'
import { freePort, until } from '../helpers/debian.ts'
import { rulesWithFewDetectors } from '../helpers/few-detectors.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { startWeir } from '../helpers/weir.ts'
import { readUntil, tlsThrough } from '../helpers/wire-client.ts'

const BODY = '{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
const POST = `POST /v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\nUser-Agent: curl/8.0\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`
const REQUESTS = 100

t.test('dead receivers hold no request up; then the list changes, wrongly and rightly', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (request, response) =>
    request.resume().on('end', () => response.end('{}')),
  )
  const asked: string[] = []
  const silentPort = await listen(
    t,
    createServer((request) => asked.push(request.url ?? '')),
  )
  const silent = { name: 'silent', kind: 'otlp', url: `http://127.0.0.1:${silentPort}`, batchMs: 0 }
  const gone = { ...silent, name: 'gone', url: `http://127.0.0.1:${await freePort()}` }
  const weir = await startWeir(t, {
    pins: { 'api.anthropic.com:443': origin.address },
    roots: [pki.rootPem],
    config: { rules: { dir: rulesWithFewDetectors() }, audit: { sinks: [silent, gone] } },
  })
  const file = join(weir.dir, 'weir.yaml')
  const config = parse(readFileSync(file, 'utf8')) as { audit: { sinks: unknown[] } }
  /** As an editor would save it. */
  const save = (...sinks: unknown[]): void => writeFileSync(file, stringify({ ...config, audit: { sinks } }))
  const configEvents = (ok: boolean) =>
    weir.events().filter((event) => event['phase'] === 'config' && event['what'] === 'config' && event['ok'] === ok)
  const metrics = async (): Promise<string> => {
    const token = readFileSync(join(weir.dir, 'data', 'admin.token'), 'utf8').trim()
    const answer = await fetch(`http://127.0.0.1:${weir.adminPort}/metrics`, {
      headers: { authorization: `Bearer ${token}` },
    })
    return answer.text()
  }

  await t.test('every request is answered and recorded while no receiver takes a thing', async (t) => {
    const socket = await tlsThrough(weir.port, 'api.anthropic.com:443', { ca: weir.ca })
    for (let done = 0; done < REQUESTS; done++) {
      socket.write(POST)
      t.match(await readUntil(socket, (text) => text.endsWith('{}') || text.endsWith('0\r\n\r\n')), /^HTTP\/1.1 200/)
    }
    socket.destroy()
    await weir.waitForEvents((events) => events.filter(({ phase }) => phase === 'outcome').length === REQUESTS)
    await until(async () => (await metrics()).includes('weir_sink_failing{sink="gone"} 1'))
    t.equal(asked.length, 1, 'the first delivery still waits for its answer, and no other was begun')
    await until(async () => /weir_sink_behind_events\{sink="silent"\} \d{3}/u.test(await metrics()))
  })

  const receiver = await httpReceiver(t)
  const hook = { name: 'hook', kind: 'otlp', url: receiver.url, from: 'start', batchMs: 0 }
  const copyFile = join(weir.dir, 'copy.jsonl')
  const copy = { name: 'copy', kind: 'file', file: copyFile, from: 'start', batchMs: 0, filter: 'phase:config' }
  const copied = (): Record<string, unknown>[] =>
    existsSync(copyFile)
      ? readFileSync(copyFile, 'utf8')
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line) as Record<string, unknown>)
      : []

  await t.test('a list that is saved takes effect, is recorded, and needs no restart', async (t) => {
    save(silent, hook, copy)
    await until(
      () =>
        receiver.got
          .map(({ body }) => body)
          .join('')
          .split('weir.outcome').length ===
        REQUESTS + 1,
    )
    await until(() => copied().some(({ what }) => what === 'config'))
    t.strictSame([...new Set(copied().map(({ phase }) => phase))], ['config'], 'the filter')
    t.match(configEvents(true), [{ by: 'file', problems: 0 }])
    const text = await metrics()
    t.match(text, 'weir_sink_failing{sink="hook"} 0')
    t.match(text, 'weir_sink_failing{sink="gone"} 0', 'nobody is alarmed by who is gone')
    t.match(weir.log.join(''), /"added":\["hook","copy"\],"changed":\[\],"removed":\["gone"\]/)
  })

  await t.test('a broken list is refused whole, told, and the sinks before it go on', async (t) => {
    save({ ...copy, filter: 'phase:confg' })
    await until(() => configEvents(false).length === 1)
    save({ ...hook, tokenFile: 'nowhere.token' })
    await until(() => configEvents(false).length === 2)
    await until(() => copied().filter(({ ok }) => ok === false).length === 2)
    const log = weir.log.join('')
    t.match(log, /the filter of `copy`, character 7: .*did you mean `config`/)
    t.match(log, /cannot be read: ENOENT/)
  })

  await t.test('a sink that is taken away and put back goes on where it was', async (t) => {
    save(copy)
    await until(() => configEvents(true).length === 2)
    const before = receiver.got.length
    save(copy, hook)
    await until(() => configEvents(true).length === 3 && copied().filter(({ ok }) => ok === true).length >= 4)
    await until(() => receiver.got.length > before)
    const ids = receiver.got.flatMap(({ body }) => [
      ...body.matchAll(/"log.record.uid","value":\{"stringValue":"(\w+)"/gu),
    ])
    t.equal(new Set(ids.map(([, id]) => id)).size, ids.length, 'nothing twice')
  })
})
