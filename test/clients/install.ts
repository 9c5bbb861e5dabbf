/** Installs the pinned command line tools when they are not there as package-lock.json says. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>
}

const readLock = (file: string): Lock => JSON.parse(readFileSync(file, 'utf8')) as Lock

/**
 * Runs npm in this folder where needed. `null`: all is there; else why it is not. Not `npm ci`: the lock was made where
 * some packages for other platforms could not be had, and `npm ci` refuses a lock without them. The versions and
 * digests that the lock does name are kept, and it is not written.
 */
export function installClients(wanted: readonly string[], say: (sentence: string) => void): string | null {
  if (isInstalled(wanted)) return null
  say('installing the clients that package-lock.json names')
  try {
    execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund'], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    })
    return null
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string }
    return `npm install failed: ${stderr === undefined || stderr === '' ? message : stderr.trim()}`
  }
}

/** npm keeps a lock of what it installed: the same versions, and none of the wanted packages missing. */
function isInstalled(wanted: readonly string[]): boolean {
  const file = join(import.meta.dirname, 'node_modules', '.package-lock.json')
  if (!existsSync(file)) return false
  const { packages: installed } = readLock(file)
  const { packages: locked } = readLock(join(import.meta.dirname, 'package-lock.json'))
  return (
    wanted.every((name) => existsSync(join(import.meta.dirname, 'node_modules', name, 'package.json'))) &&
    Object.entries(installed).every(([path, { version }]) => locked[path]?.version === version)
  )
}
