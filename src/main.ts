/** Process entry: checks the Node version before anything else is imported, then runs one command. */

import { isatty } from 'node:tty'

const OLDEST_NODE = 24

async function main(): Promise<void> {
  const major = Number(process.versions.node.split('.')[0])
  if (major < OLDEST_NODE) {
    process.stderr.write(
      `weir: needs Node ${OLDEST_NODE} or newer; this is ${process.version}. In a checkout run: npm ci && npm start\n`,
    )
    process.exitCode = 3
    return
  }
  const { runCommand } = await import('./cli/commands.ts')
  process.exitCode = await runCommand(process.argv.slice(2), {
    stdout: (text) => process.stdout.write(text),
    stdoutBytes: (bytes) => process.stdout.write(bytes),
    isTerminal: isatty(1),
    stderr: (text) => process.stderr.write(text),
    env: process.env,
    cwd: process.cwd(),
  })
}

/** `weir audit export | head`: the reader has what it wanted. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

await main()
