/** The rules as shipped, loaded as `serve` loads them. */
import { fileURLToPath } from 'node:url'
import { type LoadedState, loadState, type StateOptions, type StateResult } from '../../src/config/state.ts'
import { compileNetworkMap } from '../../src/identity/network-map.ts'

export const PROJECT = fileURLToPath(new URL('../../', import.meta.url))

export const NOW_MS = Date.UTC(2026, 10, 22, 10)

/** Load a state; only what a test gives differs from the shipped defaults. */
export const loadWith = (change: Partial<StateOptions> = {}): Promise<StateResult> =>
  loadState({ flags: {}, env: {}, cwd: PROJECT, compileIdentity: compileNetworkMap, nowMs: () => NOW_MS, ...change })

export async function shippedState(): Promise<LoadedState> {
  // An empty configuration of its own, so that a weir.yaml in the checkout cannot change what is tested.
  const loaded = await loadWith()
  if (!loaded.ok)
    throw new Error(loaded.problems.map(({ file, line, message }) => `${file}:${line ?? ''} ${message}`).join('\n'))
  return loaded.state
}
