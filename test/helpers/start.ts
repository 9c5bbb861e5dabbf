/** Starts that are meant to fail: a folder with a configuration, and `weir serve` in it as a process of its own. */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { smallRules } from '../config/small-rules.ts'
import { endChild } from './end-child.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** A throw-away folder with the given files, whose paths may have folders, over rules: small ones load much faster. */
export function startFolder(
  t: Test,
  files: Readonly<Record<string, string>>,
  rules: 'shipped' | 'small' | 'none' = 'small',
): string {
  const dir = mkdtempSync(join(tmpdir(), 'weir-start-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  if (rules === 'shipped') cpSync('rules', join(dir, 'rules'), { recursive: true })
  for (const [name, text] of Object.entries({ ...(rules === 'small' ? smallFiles() : {}), ...files })) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
  return dir
}

const smallFiles = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(smallRules()).flatMap(([name, value]) =>
      typeof value === 'string'
        ? [[`rules/${name}`, value]]
        : Object.entries(value).map(([file, text]) => [`rules/${name}/${file}`, text]),
    ),
  )

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** `node src/main.ts ARGS` to its end. Ended by the test's end at the latest. */
export function runMain(
  t: Test,
  args: readonly string[],
  { cwd = process.cwd(), nodeFlags = [] as readonly string[], entry = MAIN } = {},
): Promise<Ended> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:WEIR_|NODE_OPTIONS)/u.test(name)))
  const child = spawn(process.execPath, [...nodeFlags, entry, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => endChild(child))
  const read = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (read.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (read.stderr += chunk.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...read })))
}

/** Names in a folder, sorted; the rules and the configuration that the test put there left out. */
export const madeIn = (dir: string): string[] =>
  readdirSync(dir)
    .filter((name) => name !== 'rules' && name !== 'weir.yaml')
    .sort()
