import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { CliIo } from '../../src/cli/cli-io.ts'
import { run } from '../../src/cli/fingerprint.ts'
import { run as redact } from '../../src/cli/redact.ts'

const rules = new URL('../../rules/', import.meta.url).pathname
const inspectFolder = new URL('../../src/inspect/', import.meta.url).pathname

function setUp(t: Test) {
  const dir = t.testdir({ 'weir.yaml': 'rules: { dir: rules }\n', own: { src: {} }, open: {} })
  cpSync(rules, join(dir, 'rules'), { recursive: true })
  for (const name of ['automaton.ts', 'overlap.ts', 'engine.ts']) {
    copyFileSync(join(inspectFolder, name), join(dir, 'own', 'src', name))
  }
  const out: string[] = []
  const errors: string[] = []
  const io: CliIo = { stdout: (text) => out.push(text), stderr: (text) => errors.push(text), env: {}, cwd: dir }
  return { dir, io, out, errors }
}

t.test('an index and its rule make a pasted file a finding of the company', async (t) => {
  const { dir, io, out, errors } = setUp(t)
  t.equal(await run(['own', '--name', 'core'], io), 0)
  t.match(out.join(''), /\d+ fingerprints of 3 files \(0 left out\) are in .*core\.fp/)
  const rule = /( {2}- id: [^]*)$/.exec(out.join(''))?.[1] ?? ''
  writeFileSync(join(dir, 'rules', 'detectors', 'own.yaml'), `version: 1\ndetectors:\n${rule}`)
  const asked = JSON.stringify({
    model: 'm',
    messages: [{ role: 'user', content: `Explain:\n${readFileSync(join(inspectFolder, 'overlap.ts'), 'utf8')}` }],
  })
  t.equal(await redact(['--dialect', 'openai-chat'], io, () => Promise.resolve(Buffer.from(asked))), 0, errors.join(''))
  t.match(errors.join(''), /source-core/)
  t.notMatch(out.at(-1), /resolveOverlaps/)
  t.match(out.at(-1), /Explain:/)
})

t.test('code that also stands in the excluded folder is not the company\u2019s', async (t) => {
  const { dir, io, out } = setUp(t)
  copyFileSync(join(inspectFolder, 'engine.ts'), join(dir, 'open', 'engine.ts'))
  t.equal(await run(['own', '--json'], io), 0)
  t.equal(await run(['own', '--json', '--exclude', 'open'], io), 0)
  const [all, some] = out.map((line) => JSON.parse(line) as { fingerprints: number; name: string })
  t.equal(all?.name, 'own')
  t.ok((some?.fingerprints ?? 0) < (all?.fingerprints ?? 0) * 0.8)
})

t.test('what stands in many files is nobody\u2019s mark', async (t) => {
  const { dir, io, errors } = setUp(t)
  const many = join(dir, 'many')
  mkdirSync(many)
  for (let at = 0; at < 16; at += 1) copyFileSync(join(inspectFolder, 'overlap.ts'), join(many, `${at}.ts`))
  t.equal(await run(['many'], io), 1)
  t.match(errors.join(''), /nothing to index/)
})

t.test('wrong usage says what is missing, and nothing is written', async (t) => {
  const { dir, io, errors } = setUp(t)
  t.equal(await run([], io), 2)
  t.equal(await run(['none'], io), 3)
  t.equal(await run(['own', '--name', '../x'], io), 2)
  t.match(errors.join(''), /which folder\?[^]*cannot read `none`[^]*cannot be a name/)
  t.notOk(readdirSync(join(dir, 'rules', 'detectors')).some((name) => name.endsWith('.fp')))
})

t.test('a folder that cannot be written is told', async (t) => {
  const { dir, io, errors } = setUp(t)
  writeFileSync(join(dir, 'weir.yaml'), 'rules: { dir: nowhere }\n')
  t.equal(await run(['own'], io), 3)
  t.match(errors.join(''), /cannot write .*ENOENT/)
  t.notOk(existsSync(join(dir, 'nowhere')))
})
