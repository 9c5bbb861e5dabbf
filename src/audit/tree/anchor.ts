/**
 * Checkpoints outside of Weir's reach: each is copied to a second folder and handed to a command, so that whoever rewrites
 * the records would have to rewrite those too. Never in the way: what fails is logged and tried again.
 */
import { spawn } from 'node:child_process'
import { appendFile, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../../flow/ports.ts'
import type { MadeCheckpoint } from './tree-thread.ts'

const COMMAND_MS = 30_000
const RETRY_MS = 30_000
/** Checkpoints that wait for an anchor that fails: a day of them. Beyond it the oldest are dropped: a newer one covers them. */
const MAX_WAITING = 1440
const MAX_SAID = 300

export interface AnchorOptions {
  /** `null`: no second folder. */
  readonly dir: string | null
  /** Program and arguments, no shell; the checkpoint is its standard input. `null`: none. */
  readonly command: readonly string[] | null
  readonly stream: string
  readonly log: Logger
  readonly retryMs?: number
  readonly commandMs?: number
}

export interface Anchor {
  readonly add: (checkpoint: MadeCheckpoint) => void
  /** One last try for what waits. */
  readonly close: () => Promise<void>
}

type Deliver = (checkpoint: MadeCheckpoint) => Promise<void>

export function createAnchor(options: AnchorOptions): Anchor {
  const { dir, command, stream, log, retryMs = RETRY_MS, commandMs = COMMAND_MS } = options
  const ways = [
    ...(dir === null ? [] : [createWay('folder', copyTo(join(dir, stream)), { log, retryMs })]),
    ...(command === null ? [] : [createWay('command', handTo(command, commandMs), { log, retryMs })]),
  ]
  return {
    add: (checkpoint) => {
      for (const way of ways) way.add(checkpoint)
    },
    close: async () => {
      await Promise.all(ways.map((way) => way.close()))
    },
  }
}

/** One after the other, in order. */
function createWay(name: string, deliver: Deliver, { log, retryMs }: { log: Logger; retryMs: number }): Anchor {
  const waiting: MadeCheckpoint[] = []
  let running: Promise<void> | null = null
  let retry: NodeJS.Timeout | null = null
  const run = async (): Promise<void> => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      try {
        await deliver(next)
        waiting.shift()
      } catch (error) {
        log.error({ anchor: name, size: next.size, waiting: waiting.length, err: error }, 'audit.anchor-failed')
        retry ??= setTimeout(() => {
          retry = null
          start()
        }, retryMs).unref()
        return
      }
    }
  }
  const start = (): void => {
    running ??= run().finally(() => {
      running = null
    })
  }
  return {
    add: (checkpoint) => {
      waiting.push(checkpoint)
      if (waiting.length > MAX_WAITING) waiting.splice(1, 1)
      if (retry === null) start()
    },
    close: async () => {
      if (retry !== null) clearTimeout(retry)
      await running
      if (waiting.length > 0) await run()
      if (retry !== null) clearTimeout(retry)
    },
  }
}

/** The same form as beside the tree: a history by day, and the newest. */
function copyTo(folder: string): Deliver {
  return async ({ note }) => {
    const day = new Date().toISOString().slice(0, 10)
    await mkdir(join(folder, 'checkpoints'), { recursive: true, mode: 0o700 })
    await appendFile(join(folder, 'checkpoints', `${day}.notes`), note, { mode: 0o600, flush: true })
    await writeFile(join(folder, 'checkpoint.new'), note, { mode: 0o600, flush: true })
    await rename(join(folder, 'checkpoint.new'), join(folder, 'checkpoint'))
  }
}

function handTo([program = '', ...args]: readonly string[], timeoutMs: number): Deliver {
  return ({ note }) =>
    new Promise((resolve, reject) => {
      let said = ''
      const child = spawn(program, args, {
        stdio: ['pipe', 'ignore', 'pipe'],
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
      })
      child.stderr.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString('utf8')).slice(0, MAX_SAID)
      })
      child.on('error', reject)
      // Not waiting for its output to end: what it left running in the background may keep that open.
      child.on('exit', (code, signal) => {
        if (code === 0) resolve()
        else reject(new Error(`\`${program}\` ended with ${signal ?? String(code)}: ${said}`))
      })
      // A command that does not read ends the pipe early: its exit code counts.
      child.stdin.on('error', () => undefined)
      child.stdin.end(note)
    })
}
