import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { revisionOf } from '../../src/config/revision.ts'
import { archiveState, createRulesArchive, readArchived, readTimeline } from '../../src/config/rules-archive.ts'
import type { LoadedState } from '../../src/config/state.ts'
import { loadWith } from './shipped.ts'
import { smallRules } from './small-rules.ts'

const T0 = '2026-11-22T10:00:00.000Z'
const T1 = '2026-11-22T11:00:00.000Z'

async function stateOf(cwd: string): Promise<LoadedState> {
  const loaded = await loadWith({ cwd })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.state
}

t.test('what took effect is kept with the text that its revision is computed from', async (t) => {
  const cwd = t.testdir({ 'weir.yaml': 'workers: 1\n', rules: smallRules() })
  const state = await stateOf(cwd)
  const dir = join(cwd, 'data', 'policies')
  const written = await archiveState(dir, state, T0)
  t.match(written.toSorted(), [/^config-/u, /^detectors-/u, /^notices-/u, /^rules-[0-9a-f]{64}\.json\.zst$/u])
  const kept = readArchived(dir, 'rules', state.rules.snapshot.revision)
  t.ok(kept?.files.some(({ file, text }) => file === 'policy.yaml' && text === state.rules.policyText))
  t.equal(revisionOf(kept?.files ?? []), state.rules.snapshot.revision)
  t.equal(readArchived(dir, 'config', state.revisions.config)?.files[0]?.text, 'workers: 1\n')
  t.strictSame(readTimeline(dir)[0]?.revisions.rules, state.rules.snapshot.revision)
})

t.test('the same state is kept once, a change beside it', async (t) => {
  const cwd = t.testdir({ rules: smallRules() })
  const dir = join(cwd, 'data', 'policies')
  const before = await stateOf(cwd)
  await archiveState(dir, before, T0)
  t.strictSame(await archiveState(dir, before, T1), [])
  t.equal(readTimeline(dir).length, 1)
  writeFileSync(join(cwd, 'rules', 'policy.yaml'), `${before.rules.policyText}\n# changed\n`)
  const after = await stateOf(cwd)
  t.match(await archiveState(dir, after, T1), [/^rules-/u], 'only the part that changed')
  t.strictSame(
    readTimeline(dir).map(({ time, revisions }) => [time, revisions.rules]),
    [
      [T0, before.rules.snapshot.revision],
      [T1, after.rules.snapshot.revision],
    ],
  )
  t.ok(readArchived(dir, 'rules', before.rules.snapshot.revision), 'the old text is still there')
})

t.test('a password in weir.yaml is not kept, and the revision says that it cannot be computed', async (t) => {
  const yaml = `upstream: { parent: "http://weir:s3'cr@et@proxy.test:3128" }\n`
  const cwd = t.testdir({ 'weir.yaml': yaml, rules: smallRules() })
  const dir = join(cwd, 'data', 'policies')
  const state = await stateOf(cwd)
  await archiveState(dir, state, T0)
  const kept = readArchived(dir, 'config', state.revisions.config)
  t.equal(kept?.isRedacted, true)
  t.notMatch(JSON.stringify(kept), /s3|et@/u)
})

t.test('a secret that an older Weir kept is not given', async (t) => {
  const cwd = t.testdir({ rules: smallRules() })
  const dir = join(cwd, 'data', 'policies')
  await archiveState(dir, await stateOf(cwd), T0)
  const files = [{ file: 'weir.yaml', text: 'audit: { anchor: { command: [push, t0ken] } }\n' }]
  const revision = revisionOf(files)
  const name = `config-${revision.slice(7)}.json.zst`
  writeFileSync(
    join(dir, name),
    zstdCompressSync(JSON.stringify({ part: 'config', revision, files, isRedacted: false })),
  )
  const kept = readArchived(dir, 'config', revision)
  t.match(kept, { isRedacted: true, files: [{ text: /push/u }] })
  t.notMatch(kept?.files[0]?.text, /t0ken/u)
})

t.test('a kept text that was changed is not given as the revision', async (t) => {
  const cwd = t.testdir({ rules: smallRules() })
  const dir = join(cwd, 'data', 'policies')
  const state = await stateOf(cwd)
  const written = await archiveState(dir, state, T0)
  for (const name of written) writeFileSync(join(dir, name), 'not zstd')
  t.equal(readArchived(dir, 'rules', state.rules.snapshot.revision), null)
  t.equal(readArchived(dir, 'rules', '../../etc/passwd'), null)
  writeFileSync(join(dir, 'in-force.jsonl'), 'garbage\n{"time":1}\nnull\n')
  t.strictSame(readTimeline(dir), [])
})

t.test('a folder that cannot be written is told and stops nothing', async (t) => {
  const cwd = t.testdir({ rules: smallRules(), blocked: 'a file' })
  const errors: unknown[] = []
  const archive = createRulesArchive(join(cwd, 'blocked'), { nowIso: () => T0, onError: (error) => errors.push(error) })
  archive.keep(await stateOf(cwd))
  await archive.close()
  t.equal(errors.length, 1)
  t.strictSame(readdirSync(cwd).toSorted(), ['blocked', 'rules'])
})
