import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { type Ended, runMain } from './helpers/start.ts'

const BIN = fileURLToPath(new URL('../bin/weir.js', import.meta.url))

/** Plays an older Node, and tells at the end which modules of this program were loaded. */
const OLD_NODE = `
  import { registerHooks } from 'node:module'
  const loaded = []
  registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context) } })
  const version = process.env.TEST_NODE_VERSION
  if (version !== undefined) {
    Object.defineProperty(process, 'versions', { value: { ...process.versions, node: version } })
    Object.defineProperty(process, 'version', { value: 'v' + version })
  }
  process.on('exit', () => process.stdout.write('LOADED ' + JSON.stringify(loaded.filter((url) => /[/](?:src|dist|node_modules)[/]/.test(url)))))
`

async function runAs(t: Test, version: string, entry?: string): Promise<Ended & { readonly loaded: string[] }> {
  const preload = `data:text/javascript,${encodeURIComponent(OLD_NODE.replace('process.env.TEST_NODE_VERSION', JSON.stringify(version)))}`
  const ended = await runMain(t, ['--help'], {
    nodeFlags: ['--import', preload],
    ...(entry === undefined ? {} : { entry }),
  })
  const [, list = '[]'] = /LOADED (\[.*\])$/u.exec(ended.stdout) ?? []
  const names = (JSON.parse(list) as string[]).map((url) => url.replace(/^.*\/(src|dist|node_modules)\//u, '$1/'))
  return { ...ended, loaded: names }
}

t.test('help works and ends with 0', async (t) => {
  const { code, stdout, stderr } = await runMain(t, ['--help'])
  t.equal(code, 0)
  t.match(stdout, /^weir: a corporate forward proxy/u)
  t.equal(stderr, '')
})

t.test('an unknown command ends with 2', async (t) => {
  const { code, stdout, stderr } = await runMain(t, ['nonsense'])
  t.equal(code, 2)
  t.equal(stdout, '')
  t.match(stderr, /^weir: unknown command `nonsense`/u)
})

t.test('a Node that is too old is told so before anything else is loaded', async (t) => {
  for (const version of ['20.11.0', '23.9.0', '8.0.0']) {
    const { code, stderr, loaded } = await runAs(t, version)
    t.equal(code, 3, version)
    t.equal(stderr, `weir: needs Node 24 or newer; this is v${version}. In a checkout run: npm ci && npm start\n`)
    t.strictSame(loaded, ['src/main.ts'])
  }
})

t.test('the same by the installed command', async (t) => {
  const { code, stderr, loaded } = await runAs(t, '20.11.0', BIN)
  t.equal(code, 3)
  t.equal(stderr, 'weir: needs Node 24 or newer; this is v20.11.0. In a checkout run: npm ci && npm start\n')
  t.strictSame(loaded, [])
})

t.test('a new Node goes on: help loads the list of commands and none of them', async (t) => {
  for (const version of ['24.0.0', '25.1.0', '100.0.0']) {
    const { code, stdout, loaded } = await runAs(t, version)
    t.equal(code, 0, version)
    t.match(stdout, /usage: weir/u)
    t.strictSame(loaded, ['src/main.ts', 'src/cli/commands.ts', 'src/cli/cli-io.ts'])
  }
  t.equal((await runAs(t, '24.0.0', BIN)).code, 0)
})

t.test('a closed pipe behind a command is no crash', async (t) => {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../src/main.ts', import.meta.url)), '--help'])
  child.stdout.destroy()
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const [code] = (await once(child, 'close')) as [number | null]
  t.equal(code, 0)
  t.equal(stderr, '')
})
