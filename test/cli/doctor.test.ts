import { readdirSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { run as runCa } from '../../src/cli/ca.ts'
import type { CliIo } from '../../src/cli/cli-io.ts'
import { run } from '../../src/cli/doctor.ts'
import { rulesWithFewDetectors } from '../helpers/few-detectors.ts'

const rules = rulesWithFewDetectors()

async function capture(
  command: (args: readonly string[], io: CliIo) => Promise<number>,
  given: { readonly cwd: string; readonly args?: readonly string[]; readonly env?: Record<string, string> },
) {
  let stdout = ''
  let stderr = ''
  const io: CliIo = {
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
    env: given.env ?? {},
    cwd: given.cwd,
  }
  return { code: await command(given.args ?? [], io), stdout, stderr }
}

/** Something that answers CONNECT as Weir does. */
async function fakeWeir(t: Test): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end('HTTP/1.1 403 Forbidden\r\nproxy-status: weir; error=x\r\n\r\n'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const folder = (t: Test) => t.testdir({ 'weir.yaml': `rules: { dir: ${JSON.stringify(rules)} }\n` })

t.test('a machine where nothing is wrong exits 0, and no CA is made', async (t) => {
  const cwd = folder(t)
  const proxy = await fakeWeir(t)
  const env = { HTTPS_PROXY: proxy, NO_PROXY: 'localhost', NODE_USE_ENV_PROXY: '1' }
  const { code, stdout } = await capture(run, { cwd, env })
  t.equal(code, 0, stdout)
  t.match(stdout, `ok    proxy      ${proxy}: reachable, answers CONNECT, is Weir\n`)
  t.match(stdout, /trust is not checked: .*root\.crt is made by the first `weir serve`/)
  t.strictSame(readdirSync(cwd), ['weir.yaml'])
})

t.test('findings exit 1, the fixes are printed only when asked for, and are not run', async (t) => {
  const cwd = folder(t)
  const env = { HTTPS_PROXY: await fakeWeir(t), NO_PROXY: 'localhost,anthropic.com' }
  const plain = await capture(run, { cwd, env })
  t.equal(plain.code, 1)
  t.match(plain.stdout, /BAD {3}variables {2}NO_PROXY: `anthropic\.com` takes AI traffic past the proxy/)
  t.match(plain.stdout, /`weir doctor --fix` prints the commands/)
  t.notMatch(plain.stdout, /^export/m)
  const fixes = await capture(run, { cwd, env, args: ['--fix'] })
  t.match(fixes.stdout, /^export NO_PROXY="localhost"$/m)
  t.strictSame(readdirSync(cwd), ['weir.yaml'])
})

t.test('a proxy that cannot be reached exits 3, and --proxy goes before the variables', async (t) => {
  const cwd = folder(t)
  const env = { HTTPS_PROXY: await fakeWeir(t), NO_PROXY: 'localhost', NODE_USE_ENV_PROXY: '1' }
  const gone = createServer()
  await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve))
  const { port } = gone.address() as AddressInfo
  await new Promise((resolve) => gone.close(resolve))
  const { code, stdout } = await capture(run, { cwd, env, args: ['--proxy', `http://127.0.0.1:${port}`] })
  t.equal(code, 3)
  t.match(stdout, /cannot be reached: ECONNREFUSED/)
})

t.test('where the CA is, the tools on PATH are asked about it', async (t) => {
  const cwd = folder(t)
  await capture(runCa, { cwd, args: ['show'] })
  const PATH = process.env['PATH'] ?? ''
  const env = { HTTPS_PROXY: await fakeWeir(t), NO_PROXY: 'localhost', PATH, HOME: cwd }
  const { code, stdout } = await capture(run, { cwd, env, args: ['--json'] })
  t.equal(code, 1)
  const answer = JSON.parse(stdout)
  t.equal(answer.ok, false)
  const node = answer.findings.find((one: { name: string }) => one.name === 'Node')
  t.match(node, { area: 'trust', status: 'bad', fix: [`export NODE_EXTRA_CA_CERTS=${join(cwd, 'certs', 'root.crt')}`] })
})

t.test('without rules the machine is still checked', async (t) => {
  const env = { HTTPS_PROXY: await fakeWeir(t), NO_PROXY: 'localhost', NODE_USE_ENV_PROXY: '1' }
  const { code, stdout } = await capture(run, { cwd: t.testdir(), env })
  t.equal(code, 0)
  t.match(stdout, /info {2}config {5}rules: tiers cannot be told/)
  t.match(stdout, /there is no Weir configuration here/)
})

t.test('wrong usage exits 2 without contacting anything; passwords are never printed', async (t) => {
  const cwd = folder(t)
  t.equal((await capture(run, { cwd, args: ['--proxy', 'socks5://x:1'] })).code, 2)
  t.equal((await capture(run, { cwd, args: ['now'] })).code, 2)
  t.equal((await capture(run, { cwd, args: ['--help'] })).code, 0)
  const secret = (await fakeWeir(t)).replace('http://', 'http://bob:s3cret@')
  const { stdout, stderr } = await capture(run, { cwd, env: { HTTPS_PROXY: secret }, args: ['--json', '--fix'] })
  t.notMatch(stdout + stderr, /s3cret/)
})
