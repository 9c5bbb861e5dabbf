/** Runs `weir audit ARGS` and gives what it printed. */

import type { Test } from 'tap'
import { run } from '../../src/cli/audit.ts'
import { config, followingOutcome, intent, tunnel } from '../audit/events.ts'
import { filled } from '../audit/filled.ts'

export const call = async (cwd: string, ...args: string[]) => {
  let stdout = ''
  let stderr = ''
  const code = await run(args, {
    stdout: (text) => {
      stdout += text
    },
    stderr: (text) => {
      stderr += text
    },
    env: {},
    cwd,
  })
  return { code, stdout, stderr }
}

/** A data folder with four events. */
export const setUp = async (t: Test) => {
  const first = intent({ time: '2026-11-22T10:00:00.000Z' })
  const events = [first, followingOutcome({ flow: first.flow }), tunnel({ time: '2026-11-22T11:00:00.000Z' }), config()]
  return { ...(await filled(t, events)), first }
}
