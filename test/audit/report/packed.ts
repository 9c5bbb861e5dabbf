/** A data folder with events and a signed tree, and packs made of it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { ReadPerson } from '../../../src/audit/person.ts'
import { makeEvidencePack, type PackOptions } from '../../../src/audit/report/evidence-pack.ts'
import { loadCheckpointKey, signerOf } from '../../../src/audit/tree/checkpoint-key.ts'
import { TreeFollower } from '../../../src/audit/tree/follower.ts'
import { treeFolder } from '../../../src/audit/tree/tree-files.ts'
import type { AuditEvent } from '../../../src/domain/audit-event.ts'
import { debianProgram } from '../../helpers/debian.ts'
import { type Filled, filled } from '../filled.ts'

export const VERIFIER = fileURLToPath(new URL('../../../verify/weir-verify-pack.mjs', import.meta.url))

export async function signed(
  t: Test,
  events: readonly AuditEvent[],
  checkpoints: readonly number[],
  segmentBytes?: number,
): Promise<Filled> {
  const at = await filled(t, events, segmentBytes)
  await at.spool.close()
  const seed = loadCheckpointKey(join(at.data, 'keys', 'checkpoint.key'))
  const follower = new TreeFollower({
    dir: at.dir,
    treeDir: treeFolder(at.dir, 'n1-w0'),
    stream: 'n1-w0',
    signer: signerOf(seed, 'n1-w0'),
    onRebuilt: () => undefined,
  })
  for (const size of checkpoints) {
    while (follower.step(size)) continue
    follower.checkpoint('2026-11-22')
  }
  return at
}

/** Whoever it is, it is Alice: how persons are kept is not the pack's business. */
export const readAlice: ReadPerson = () => ({
  addr: '10.1.2.3',
  user: 'alice',
  groups: [],
  device: 'LT-1',
  network: null,
})

export const optionsOf = (at: Filled, change: Partial<PackOptions> = {}): PackOptions => ({
  dir: at.dir,
  out: join(at.data, 'pack.zip'),
  isForced: false,
  fromMs: Date.parse('2026-11-22T00:00:00Z'),
  toMs: Date.parse('2026-11-23T00:00:00Z'),
  query: null,
  languages: [],
  privacy: 'full',
  readPerson: readAlice,
  archive: { timeline: () => [], read: () => null },
  company: 'ACME',
  version: '1.2.3',
  signer: signerOf(loadCheckpointKey(join(at.data, 'keys', 'checkpoint.key')), 'evidence-pack'),
  cjk: null,
  verifiers: [],
  made: new Date('2026-11-23T01:00:00Z'),
  progress: () => undefined,
  abort: new AbortController().signal,
  ...change,
})

/** Make a pack and unpack it. */
export async function unpacked(at: Filled, change: Partial<PackOptions> = {}): Promise<string> {
  const options = optionsOf(at, change)
  await makeEvidencePack(options)
  const dir = join(at.data, 'unpacked')
  mkdirSync(dir)
  execFileSync(debianProgram('unzip'), ['-q', options.out, '-d', dir])
  return dir
}

/** What a stranger sees who checks a pack. */
export function verify(...args: readonly string[]): { code: number; out: string } {
  try {
    return { code: 0, out: execFileSync(process.execPath, [VERIFIER, ...args], { stdio: 'pipe' }).toString() }
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: Buffer; stderr: Buffer }
    return { code: status, out: `${stdout.toString()}${stderr.toString()}` }
  }
}
