import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { AI_COMMANDS, checkTools, findCommand } from '../../src/cli/doctor-tools.ts'
import { loadState } from '../../src/config/state.ts'
import { compileNetworkMap } from '../../src/identity/network-map.ts'

const root = new URL('../../', import.meta.url).pathname
const loaded = await loadState({ flags: {}, env: {}, cwd: root, compileIdentity: compileNetworkMap, nowMs: Date.now })
if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
const { snapshot } = loaded.state.rules

/** A folder with executables of these names. */
function bin(dir: string, ...names: string[]): string {
  for (const name of names) {
    writeFileSync(join(dir, name), '#!/bin/sh\n')
    chmodSync(join(dir, name), 0o755)
  }
  return dir
}

t.test('every command belongs to a tool of the catalogue as shipped', async (t) => {
  for (const [command, tool] of Object.entries(AI_COMMANDS)) t.ok(snapshot.tools.has(tool), `${command}: ${tool}`)
})

t.test('installed tools are listed with tier and rule', async (t) => {
  const dir = bin(t.testdir(), 'claude', 'qwen')
  const found = checkTools({ PATH: `/nonexistent:${dir}` }, snapshot)
  t.match(found, [
    { name: 'claude', message: /prohibited, is blocked, by assign:tool:claude-code/ },
    { name: 'qwen', message: /approved, may be used/ },
  ])
  t.equal(found.length, 2)
})

t.test('observe mode is said, and without rules the tool is still listed', async (t) => {
  const dir = bin(t.testdir(), 'codex')
  t.match(checkTools({ PATH: dir }, { ...snapshot, mode: 'observe' })[0]?.message, /observe mode: nothing is enforced/)
  t.match(checkTools({ PATH: dir }, null)[0]?.message, /the rules are not known here/)
})

t.test('folders and files that cannot be run are no commands', async (t) => {
  const dir = t.testdir()
  mkdirSync(join(dir, 'claude'))
  writeFileSync(join(dir, 'codex'), '', { mode: 0o644 })
  t.equal(findCommand('claude', { PATH: dir }), null)
  t.equal(findCommand('codex', { PATH: dir }), null)
  t.equal(findCommand('codex', {}), null)
})
