import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { verifyFolder } from '../../src/audit/tree/verify-folder.ts'
import { run } from '../../src/cli/serve.ts'
import { endChild } from '../helpers/end-child.ts'
import { startFolder } from '../helpers/start.ts'
import { fakeIo } from './fake-io.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

interface Running {
  readonly dir: string
  /** Standard output up to and with the banner. */
  readonly banner: string
  readonly signal: (name: NodeJS.Signals) => void
  /** Everything that came out, once it has ended. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>
  readonly outputUntil: (text: string) => Promise<void>
}

async function serve(
  t: Test,
  args: readonly string[],
  isReady: (stdout: string) => boolean,
  nodeArgs: readonly string[] = [],
): Promise<Running> {
  const dir = startFolder(t, {})
  const child = spawn(
    process.execPath,
    [...nodeArgs, MAIN, 'serve', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', ...args],
    {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  t.teardown(() => endChild(child))
  let [stdout, stderr] = ['', '']
  const waiting = new Set<() => void>()
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    for (const look of waiting) look()
  })
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const ended: Running['ended'] = new Promise((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr })),
  )
  const until = (isThere: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!isThere()) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      child.once('close', () => reject(new Error(`it ended: ${stdout}${stderr}`)))
      look()
    })
  await until(() => isReady(stdout))
  return {
    dir,
    banner: stdout,
    signal: (name) => child.kill(name),
    ended,
    outputUntil: (text) => until(() => stdout.includes(text)),
  }
}

const isBanner = (stdout: string): boolean => /^ {2}curl .*\n\n/mu.test(stdout)

t.test('a fault that nobody catches stands in the log, and the process ends in order and not well', async (t) => {
  const planted = `data:text/javascript,process.on('SIGUSR2',()=>{throw new TypeError('planted fault')})`
  const weir = await serve(t, [], isBanner, ['--import', planted])
  weir.signal('SIGUSR2')
  const { code, signal, stdout } = await weir.ended
  t.equal(signal, null)
  t.equal(code, 1)
  t.match(stdout, /"event":"app\.fault"/u)
  t.match(stdout, /planted fault/u)
  const audit = join(weir.dir, 'data', 'audit')
  t.match(await verifyFolder(audit), [{ stream: 'n1-w0', problems: [] }])
})

t.test('the banner says where everything is, SIGHUP reloads, SIGTERM ends it properly', async (t) => {
  const weir = await serve(t, [], isBanner)
  t.match(
    weir.banner,
    /^weir is running\n {2}proxy {8}http:\/\/127\.0\.0\.1:\d+\n {2}admin {8}http:\/\/127\.0\.0\.1:\d+ /mu,
  )
  const ca = / {2}CA +(\S+)\n {2}fingerprint {2}sha256 (?:[0-9A-F]{2}:){31}[0-9A-F]{2}\n/u.exec(weir.banner)?.[1] ?? ''
  t.match(readFileSync(ca, 'utf8'), /BEGIN CERTIFICATE/u)
  t.ok(existsSync(join(weir.dir, 'data', 'admin.token')))
  t.match(
    weir.banner,
    /^ {2}curl --proxy http:\/\/127\.0\.0\.1:\d+ --cacert \S+ .* https:\/\/api\.anthropic\.com\/v1\/messages$/mu,
  )
  await weir.outputUntil('"event":"app.listening"')
  weir.signal('SIGHUP')
  await weir.outputUntil('"event":"config.reloaded"')
  weir.signal('SIGTERM')
  const { code, signal, stderr } = await weir.ended
  t.equal(code, 0, stderr)
  t.equal(signal, null)
  const events = readFileSync(join(weir.dir, 'data', 'audit', 'events-n1-w0-000000000001.jsonl'), 'utf8')
  t.match(JSON.parse(events.split('\n')[0]!), { phase: 'config', by: 'start' })
  t.match(events, /"by":"signal"/u)
})

t.test('as JSON the banner is one line; --observe counts; SIGINT ends it although a client is connected', async (t) => {
  const weir = await serve(t, ['--json', '--observe'], (stdout) => /^\{"proxy".*\n/mu.test(stdout))
  const line = weir.banner.split('\n').find((each) => each.startsWith('{"proxy"')) ?? '{}'
  const { proxy, admin, ca, fingerprint, listen } = JSON.parse(line) as Record<string, unknown>
  t.match(
    { proxy, admin, ca, fingerprint },
    { proxy: /^http:/u, admin: /^http:/u, ca: /root\.crt$/u, fingerprint: /:/u },
  )
  const [{ port } = { port: 0 }] = listen as { port: number }[]
  t.match(line, new RegExp(`:${port}"`, 'u'))
  const answer = await fetch(`${String(admin)}/api/v1/policy`, {
    headers: { authorization: `Bearer ${readFileSync(join(weir.dir, 'data', 'admin.token'), 'utf8').trim()}` },
  })
  t.match(await answer.json(), { mode: 'observe' }, '--observe goes before the policy file')
  const idle = connect(port, '127.0.0.1')
  idle.on('error', () => undefined)
  await new Promise((resolve) => idle.once('connect', resolve))
  weir.signal('SIGINT')
  t.equal((await weir.ended).code, 0)
})

t.test('help, and flags that are wrong', async (t) => {
  const help = fakeIo('/')
  t.equal(await run(['--help'], help), 0)
  t.match(help.out(), /usage: weir serve/u)
  for (const args of [['--nonsense'], ['extra'], ['--listen']]) {
    const io = fakeIo('/')
    t.equal(await run(args, io), 2, args.join(' '))
    t.match(io.err(), /^weir serve: .*\n\nusage: weir serve/u)
  }
})

t.test('a start that is refused prints each problem as one line and ends with its exit code', async (t) => {
  const io = fakeIo(startFolder(t, { 'weir.yaml': 'workers: 0\nlimitz: {}\n' }))
  t.equal(await run([], io), 1)
  t.match(io.err(), /^error: weir\.yaml:1: workers: .*\n/mu)
  t.match(io.err(), /^error: weir\.yaml:2: limitz: .*\n/mu)
  t.match(io.err(), /\nweir: not started: 2 errors, \d+ warnings\n$/u)
  const json = fakeIo(startFolder(t, {}, 'none'))
  t.equal(await run(['--json'], json), 3)
  t.match(JSON.parse(json.out()), { ok: false, problems: [{ message: /is missing/u, severity: 'error' }] })
})
