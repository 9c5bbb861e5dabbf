import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import { envName } from '../../src/config/env.ts'
import { createControlServer } from '../../src/control/server.ts'
import { fakePorts } from '../control/fixture.ts'
import { ROOT, read } from './project.ts'

const run = promisify(execFile)

/** The instructions of the Dockerfile, continued lines joined. */
const INSTRUCTIONS = read('Dockerfile')
  .replace(/^\s*#.*\n/gmu, '')
  .replace(/\\\n/gu, ' ')
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line !== '')

const all = (name: string): readonly string[] =>
  INSTRUCTIONS.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1))

interface Copy {
  readonly from: string | null
  readonly paths: readonly string[]
}

const COPIES: readonly Copy[] = all('COPY').map((line) => {
  const words = line.split(/\s+/u)
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length) ?? null
  return { from, paths: words.filter((word) => !word.startsWith('--')).slice(0, -1) }
})

/** Names that .dockerignore lets into the build. */
const LET_IN = new Set(
  read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1)),
)

t.test('every path that the image copies exists and is let in', async (t) => {
  const paths = COPIES.filter(({ from }) => from === null).flatMap((copy) => copy.paths)
  t.ok(paths.length >= 6, paths.join(' '))
  for (const path of paths) {
    t.ok(existsSync(`${ROOT}${path}`), path)
    t.ok(LET_IN.has(path), `${path} in .dockerignore`)
  }
  t.match(read('.dockerignore'), /^\*$/m, 'everything else stays out')
  for (const path of LET_IN) t.ok(paths.includes(path), `${path} is let in and used`)
})

t.test('what comes from another stage is made there', async (t) => {
  const stages = all('FROM').flatMap((line) => / AS (\S+)$/u.exec(line)?.[1] ?? [])
  const made = COPIES.flatMap(({ from, paths }) => (from === null ? [] : paths.map((path) => `${from}:${path}`)))
  t.strictSame(made.sort(), ['build:/build/dist', 'packages:/build/node_modules'])
  for (const { from } of COPIES) if (from !== null) t.ok(stages.includes(from), from)
  t.match(read('tsconfig.build.json'), /"outDir": "dist"/)
  t.match(read('package.json'), /"build": "tsc -p tsconfig\.build\.json"/)
})

t.test('it runs on the Node that the project wants, not as root, and `serve` by itself', async (t) => {
  for (const image of all('FROM')) t.match(image, /^node:24-/)
  t.match(read('package.json'), /"node": ">=24/)
  t.match(all('USER').at(-1), /^[1-9]\d*:[1-9]\d*$/)
  t.equal(all('ENTRYPOINT').at(-1), '["node", "dist/main.js"]')
  t.equal(all('CMD').at(-1), '["serve"]')
  t.ok(existsSync(`${ROOT}src/main.ts`))
})

t.test('certs, data and rules are volumes, and the addresses come by environment', async (t) => {
  t.strictSame(JSON.parse(all('VOLUME').at(-1) ?? '[]'), ['/weir/certs', '/weir/data', '/weir/rules'])
  const environment = all('ENV').join(' ')
  t.match(environment, `${envName(['proxy', 'listen'])}=0.0.0.0:3128`)
  t.match(environment, `${envName(['admin', 'listen'])}=0.0.0.0:3129`)
})

t.test('the health check tells a ready proxy from one that is not, and from none', async (t) => {
  const command = /CMD (\[.*\])$/u.exec(all('HEALTHCHECK').at(-1) ?? '')?.[1]
  const [, ...args] = JSON.parse(command ?? '[]') as string[]
  let isReady = true
  const checks = () => ({ spool: true, store: isReady, tree: true, ca: true, rules: true })
  const { ports } = fakePorts({ readiness: { checks } })
  const options = { tls: null, networks: ['127.0.0.0/8'], publicUrl: null, tokens: [] }
  const server = createControlServer(ports, { ...options, listen: '0.0.0.0:0' })
  const { address } = await server.start()
  const env = { ...process.env, WEIR_ADMIN_LISTEN: address }
  const check = (): Promise<number> =>
    run(process.execPath, args, { env }).then(
      () => 0,
      (error: unknown) => (error as { code: number }).code,
    )
  t.equal(await check(), 0)
  isReady = false
  t.equal(await check(), 1)
  await server.stop()
  t.equal(await check(), 1)
})
