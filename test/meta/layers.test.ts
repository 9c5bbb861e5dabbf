import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { ROOT, sources } from './project.ts'

const run = promisify(execFile)
const require = createRequire(import.meta.url)

interface Cruised {
  readonly modules: readonly { readonly source: string; readonly dependencies: readonly unknown[] }[]
  readonly summary: {
    readonly violations: readonly { readonly rule: { readonly name: string }; readonly from: string }[]
  }
}

/** dependency-cruiser as `npm run check:layers` runs it, its findings as values. */
async function cruise(folder: string): Promise<Cruised> {
  const program = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
  const args = [program, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src']
  const options = { cwd: folder, maxBuffer: 64 * 1024 * 1024 }
  // It ends with the number of violations; what it found stands in its output all the same.
  const { stdout } = await run(process.execPath, args, options).catch((error: unknown) => error as { stdout: string })
  return JSON.parse(stdout) as Cruised
}

/** One file each that breaks one rule: rule → [file, its only import]. */
const PLANTED: Readonly<Record<string, readonly [string, string]>> = {
  'no-unresolvable': ['src/wire/lost.ts', './nowhere.ts'],
  'domain-imports-only-itself': ['src/domain/up.ts', '../wire/good.ts'],
  'wire-stays-low': ['src/wire/up.ts', '../dialects/good.ts'],
  'dialects-stay-low': ['src/dialects/up.ts', '../policy/good.ts'],
  'rules-stay-low': ['src/policy/up.ts', '../flow/good.ts'],
  'catalogue-knows-no-other-rule-folder': ['src/catalogue/side.ts', '../policy/good.ts'],
  'policy-knows-no-other-rule-folder': ['src/policy/side.ts', '../notice/good.ts'],
  'inspect-knows-no-other-rule-folder': ['src/inspect/side.ts', '../policy/good.ts'],
  'notice-knows-no-other-rule-folder': ['src/notice/side.ts', '../policy/good.ts'],
  'discover-knows-no-other-rule-folder': ['src/discover/side.ts', '../policy/good.ts'],
  'pure-floors-do-no-io': ['src/wire/io.ts', 'node:fs'],
  'wire-and-dialects-use-no-packages': ['src/dialects/package.ts', 'zod'],
  'rules-use-only-named-packages': ['src/policy/package.ts', 'yaml'],
  'flow-takes-effects-through-ports': ['src/flow/io.ts', 'node:net'],
  'only-edge-runs-flows': ['src/upstream/flow.ts', '../flow/good.ts'],
  'adapters-stay-low': ['src/edge/up.ts', '../control/good.ts'],
  'edge-knows-no-other-adapter': ['src/edge/side.ts', '../upstream/good.ts'],
  'upstream-knows-no-other-adapter': ['src/upstream/side.ts', '../edge/good.ts'],
  'ca-knows-no-other-adapter': ['src/ca/side.ts', '../edge/good.ts'],
  'audit-knows-no-other-adapter': ['src/audit/side.ts', '../edge/good.ts'],
  'config-knows-no-other-adapter': ['src/config/side.ts', '../edge/good.ts'],
  'observe-knows-no-other-adapter': ['src/observe/side.ts', '../edge/good.ts'],
  'identity-knows-no-other-adapter': ['src/identity/side.ts', '../edge/good.ts'],
  'scan-pool-knows-no-other-adapter': ['src/scan-pool/side.ts', '../edge/good.ts'],
  'state-knows-no-other-adapter': ['src/state/side.ts', '../edge/good.ts'],
  'control-never-touches-flows': ['src/control/flow.ts', '../flow/good.ts'],
  'nothing-imports-the-wiring': ['src/control/up.ts', '../app.ts'],
  'node-forge-has-one-home': ['src/edge/forge.ts', 'node-forge'],
  'http-proxy-has-one-home': ['src/edge/proxy.ts', 'http-proxy'],
  'yazl-has-one-home': ['src/edge/yazl.ts', 'yazl'],
  'undici-has-one-home': ['src/edge/undici.ts', 'undici'],
  'pdfmake-has-one-home': ['src/edge/pdfmake.ts', 'pdfmake'],
  'pino-has-one-home': ['src/edge/pino.ts', 'pino'],
  'lru-cache-has-one-home': ['src/edge/cache.ts', 'lru-cache'],
  'no-tests-in-src': ['src/edge/test.ts', '../../test/good.ts'],
  'no-cycles': ['src/edge/ring-a.ts', './ring-b.ts'],
}

const GOOD = 'domain wire dialects policy notice flow edge upstream control'
  .split(' ')
  .map((folder) => `src/${folder}/good.ts`)

function write(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

const importing = (specifier: string): string => `import * as other from '${specifier}'\nexport const used = other\n`

/** A small house with the real rules, packages and TypeScript settings. */
function plant(root: string, files: readonly (readonly [string, string])[]): void {
  for (const name of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json'])
    cpSync(join(ROOT, name), join(root, name))
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  for (const path of [...GOOD, 'src/app.ts', 'test/good.ts']) write(root, path, 'export const good = 1\n')
  for (const [path, specifier] of files) write(root, path, importing(specifier))
}

t.test('the floors hold, and the tool has really seen every source and its imports', async (t) => {
  const { modules, summary } = await cruise(ROOT)
  const own = modules.filter(({ source }) => source.startsWith('src/'))
  const seen = new Set(own.map(({ source }) => source))
  t.strictSame(
    sources().filter((path) => !seen.has(path)),
    [],
  )
  t.ok(own.length > 150, `${own.length} modules`)
  t.ok(own.filter(({ dependencies }) => dependencies.length > 0).length > own.length / 2, 'imports are followed')
  t.strictSame(
    summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`),
    [],
  )
})

t.test('every rule reports the violation that was planted for it', async (t) => {
  const root = t.testdir({})
  plant(root, [...Object.values(PLANTED), ['src/edge/ring-b.ts', './ring-a.ts']])
  const { violations } = (await cruise(root)).summary
  for (const [rule, [file]] of Object.entries(PLANTED)) {
    const isReported = violations.some((violation) => violation.rule.name === rule && violation.from === file)
    t.ok(isReported, `${rule}: ${file}`)
  }
})

t.test('no rule is without a planted violation', async (t) => {
  const config = require(join(ROOT, '.dependency-cruiser.cjs')) as {
    readonly forbidden: readonly { readonly name: string }[]
  }
  t.strictSame(config.forbidden.map(({ name }) => name).sort(), Object.keys(PLANTED).sort())
})

t.test('a house without violations is clean: the planted files are what is reported', async (t) => {
  const root = t.testdir({})
  plant(root, [['src/edge/ok.ts', '../flow/good.ts']])
  t.strictSame((await cruise(root)).summary.violations, [])
})
