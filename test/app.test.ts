import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type App, createApp } from '../src/app.ts'
import { startFolder } from './helpers/start.ts'
import { connectThrough } from './helpers/wire-client.ts'

interface Made {
  readonly app: App
  readonly dir: string
  readonly log: string[]
}

/** An app over small rules, not started. */
async function makeApp(t: Test, sections = ''): Promise<Made> {
  const config = `proxy: { listen: ["127.0.0.1:0", "127.0.0.1:0"] }\nadmin: { listen: "127.0.0.1:0" }\n${sections}`
  // Not t.testdir: that is removed before the app has let go of it.
  const dir = startFolder(t, { 'weir.yaml': config })
  const log: string[] = []
  const created = await createApp({ flags: {}, env: {}, cwd: dir, log: { write: (line) => log.push(line) } })
  if (!created.ok)
    throw new Error(created.problems.map(({ file, path, message }) => `${file} ${path} ${message}`).join('\n'))
  t.teardown(() => created.app.stop())
  return { app: created.app, dir, log }
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

const logged = (log: readonly string[], event: string): Record<string, unknown> | undefined =>
  log.map((line) => JSON.parse(line) as Record<string, unknown>).find((line) => line['event'] === event)

t.test('nothing listens before the start; every address does after it, and none after the stop', async (t) => {
  const { app, log } = await makeApp(t)
  t.equal(logged(log, 'app.listening'), undefined)
  const started = await app.start()
  t.ok(started.ok)
  if (!started.ok) return
  const { proxy, admin } = started.addresses
  const ports = [...proxy.map(({ port }) => port), Number(admin.split(':')[1])]
  t.equal(new Set(ports).size, 3)
  for (const port of ports) t.ok(await isListening(port), String(port))
  t.match(logged(log, 'app.listening'), {
    level: 'info',
    proxy: proxy.map(({ host, port }) => `${host}:${port}`),
    admin,
  })
  await app.stop()
  for (const port of ports) t.notOk(await isListening(port), `${port} is closed`)
  await app.stop()
  t.pass('a second stop changes nothing')
})

t.test('an app that was made and never started leaves nothing open', async (t) => {
  const { app, dir } = await makeApp(t)
  await app.stop()
  const again = await createApp({ flags: {}, env: {}, cwd: dir, log: { write: () => true } })
  t.ok(again.ok, 'the data folder is free')
  if (again.ok) await again.app.stop()
})

t.test('the start is the first event, and the chain goes on over a restart', async (t) => {
  const { app, dir } = await makeApp(t)
  await app.start()
  await app.stop()
  const again = await createApp({ flags: {}, env: {}, cwd: dir, log: { write: () => true } })
  if (!again.ok) throw new Error('no second start')
  await again.app.start()
  await again.app.stop()
  const files = readdirSync(join(dir, 'data', 'audit')).filter((name) => name.startsWith('events-'))
  const lines = files.flatMap((name) =>
    readFileSync(join(dir, 'data', 'audit', name), 'utf8')
      .trim()
      .split('\n'),
  )
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  t.match(events, [
    { phase: 'config', what: 'rules', from: null, ok: true, by: 'start', stream: 'n1-w0' },
    { phase: 'config', by: 'start' },
  ])
  t.equal(Number(events[1]?.['seq']), Number(events[0]?.['seq']) + 1)
})

t.test('a port that is taken after all ends the start, with all of them told', async (t) => {
  const { app: first } = await makeApp(t)
  const started = await first.start()
  if (!started.ok) throw new Error('no start')
  const taken = started.addresses.proxy[0]?.port ?? 0
  const { app } = await makeApp(t)
  // Between the check and the start somebody else took it.
  Object.assign(app, {
    config: { ...app.config, proxy: { ...app.config.proxy, listen: [`127.0.0.1:${taken}`, '192.0.2.1:0'] } },
  })
  t.match(await app.start(), {
    ok: false,
    kind: 'unreachable',
    problems: [
      { file: `127.0.0.1:${taken}`, message: /the port is taken/u },
      { file: '192.0.2.1:0', message: /no such address/u },
    ],
  })
})

t.test('our own ports are refused as destinations', async (t) => {
  const { app } = await makeApp(t, 'upstream: { allowPrivate: ["127.0.0.0/8"] }\n')
  const started = await app.start()
  if (!started.ok) throw new Error('no start')
  const port = started.addresses.proxy[0]?.port ?? 0
  for (const own of [...started.addresses.proxy.map((each) => each.port), started.addresses.admin.split(':')[1]]) {
    const { socket, head } = await connectThrough(port, `127.0.0.1:${own ?? ''}`)
    t.match(head, /^HTTP\/1\.1 403 /u, String(own))
    socket.destroy()
  }
})

t.test('readiness, metrics, the CA and the proxy address are served', async (t) => {
  const { app, dir } = await makeApp(t)
  const started = await app.start()
  if (!started.ok) throw new Error('no start')
  const get = (path: string): Promise<Response> => fetch(`http://${started.addresses.admin}${path}`)
  t.equal(await (await get('/ca.pem')).text(), app.authority.rootPem())
  t.match(
    await (await get('/proxy.pac')).text(),
    new RegExp(`PROXY 127\\.0\\.0\\.1:${started.addresses.proxy[0]?.port ?? ''}`, 'u'),
  )
  const metrics = await (await get('/metrics')).text()
  for (const name of ['weir_connections', 'weir_inspecting_bytes', 'weir_audit_spooled_bytes'])
    t.match(metrics, new RegExp(`^${name} \\d`, 'mu'))
  const token = readFileSync(join(dir, 'data', 'admin.token'), 'utf8').trim()
  const answer = await fetch(`http://${started.addresses.admin}/api/v1/snapshot`, {
    headers: { authorization: `Bearer ${token}` },
  })
  t.match(await answer.json(), { tools: 1, endpoints: 1 })
})

t.test('a reload that fails is logged and never rejects', async (t) => {
  const { app, log } = await makeApp(t)
  Object.assign(app, { authority: { ...app.authority, reload: () => Promise.reject(new Error('the disk is gone')) } })
  await app.reload('signal')
  t.match(logged(log, 'app.reload-failed'), { level: 'error', err: { message: 'the disk is gone' } })
})
