/** The rules of the repository, compiled once per process: each Weir of a test file then compiles only what it changes. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type LoadedState, loadState } from '../../src/config/state.ts'
import { compileNetworkMap } from '../../src/identity/network-map.ts'

let known: Promise<LoadedState> | null = null

export function knownRules(): Promise<LoadedState> {
  known ??= compile()
  return known
}

async function compile(): Promise<LoadedState> {
  const cwd = mkdtempSync(join(tmpdir(), 'weir-rules-'))
  try {
    // Files are known again by their names, which are relative to the folder of the start.
    symlinkSync(resolve('rules'), join(cwd, 'rules'))
    const loaded = await loadState({ flags: {}, env: {}, cwd, compileIdentity: compileNetworkMap, nowMs: Date.now })
    if (!loaded.ok) throw new Error(loaded.problems.map(({ file, message }) => `${file}: ${message}`).join('\n'))
    return loaded.state
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
}
