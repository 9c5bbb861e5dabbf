/** The shipped rules with a few of the detectors, for tests that load them often: all of them take a second to compile. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const RULES = fileURLToPath(new URL('../../rules', import.meta.url))
const FILES = ['core.yaml', 'code-hosting.yaml', 'cloud.yaml', 'ai-providers.yaml', 'personal.yaml']

/** A folder of rules; gone when the process ends. */
export function rulesWithFewDetectors(): string {
  const dir = mkdtempSync(join(tmpdir(), 'weir-rules-'))
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  for (const part of ['catalogue', 'notices', 'policy.yaml']) symlinkSync(join(RULES, part), join(dir, part))
  mkdirSync(join(dir, 'detectors'))
  for (const file of FILES) cpSync(join(RULES, 'detectors', file), join(dir, 'detectors', file))
  return dir
}
