/** The real tools that must accept what we mint: openssl, curl, python3. A missing one skips, but never in CI. */
import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const OPENSSL = 'openssl'

function isInstalled(tool: string): boolean {
  try {
    execFileSync(tool, [tool === OPENSSL ? 'version' : '--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** For tap's `skip`: a reason when the tool is missing, `false` when it is there or when CI must not skip. */
export const skipWithout = (tool: string): string | false =>
  process.env['CI'] === 'true' || isInstalled(tool) ? false : `${tool} is not installed`

export interface ToolResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Run a tool while our own servers go on answering. Proxy variables of the machine are left out. */
export async function runTool(
  tool: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ToolResult> {
  const clean = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env }
  try {
    const running = run(tool, [...args], { env: clean, timeout: 30_000 })
    running.child.stdin?.end()
    const { stdout, stderr } = await running
    return { code: 0, stdout, stderr }
  } catch (error) {
    const failed = error as { code?: number; stdout?: string; stderr?: string; message: string }
    return { code: failed.code ?? -1, stdout: failed.stdout ?? '', stderr: failed.stderr ?? failed.message }
  }
}

/** openssl for set-up steps: its failure is the test's failure. */
export const openssl = (...args: readonly string[]): string =>
  execFileSync(OPENSSL, [...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
