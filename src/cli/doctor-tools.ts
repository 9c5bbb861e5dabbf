/** Finds the AI command line tools that are installed here, and says what the policy makes of each. */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { PolicySnapshot } from '../domain/policy-snapshot.ts'
import type { ToolId } from '../domain/tool.ts'
import type { Env, Finding } from './doctor-finding.ts'

/** Command → tool id of the catalogue. */
export const AI_COMMANDS: Readonly<Record<string, ToolId>> = {
  aider: 'aider',
  amp: 'amp',
  antigravity: 'antigravity',
  auggie: 'augment',
  claude: 'claude-code',
  codex: 'openai-codex',
  copilot: 'copilot-cli',
  crush: 'crush',
  'cursor-agent': 'cursor',
  droid: 'factory-droid',
  gemini: 'gemini-cli',
  kimi: 'kimi',
  kiro: 'kiro',
  ollama: 'ollama',
  opencode: 'opencode',
  q: 'amazon-q',
  qodercli: 'qoder',
  qwen: 'qwen-code',
  windsurf: 'windsurf',
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** Where a command would be found on PATH; `null` when nowhere. */
export function findCommand(command: string, env: Env): string | null {
  const suffixes = process.platform === 'win32' ? ['.exe', '.cmd', '.bat'] : ['']
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    if (folder === '') continue
    for (const suffix of suffixes) {
      const file = join(folder, `${command}${suffix}`)
      if (isExecutable(file)) return file
    }
  }
  return null
}

const WHAT: Readonly<Record<string, string>> = {
  approved: 'may be used',
  monitored: 'may be used; requests are recorded',
  restricted: 'may be used; secrets and personal data in prompts are replaced',
  prohibited: 'is blocked',
}

function describe(path: string, tool: ToolId, snapshot: PolicySnapshot): string {
  const known = snapshot.tools.get(tool)
  if (known === undefined) return `${path}: not in this catalogue`
  const { tier, rule } = snapshot.tierOf(tool)
  const mode = snapshot.mode === 'observe' ? ' (observe mode: nothing is enforced)' : ''
  return `${known.name}, ${path}: ${tier}, ${WHAT[tier] ?? ''}, by ${rule}${mode}`
}

/** One line for each installed tool. `snapshot` is `null` when the rules could not be loaded. */
export function checkTools(env: Env, snapshot: PolicySnapshot | null): Finding[] {
  const found: Finding[] = []
  for (const [command, tool] of Object.entries(AI_COMMANDS)) {
    const path = findCommand(command, env)
    if (path === null) continue
    const message = snapshot === null ? `${path}: the rules are not known here` : describe(path, tool, snapshot)
    found.push({ area: 'tools', name: command, status: 'info', message, fix: [] })
  }
  return found
}
