import t from 'tap'
import { isOtherAgent } from '../../src/discover/other-agents.ts'

t.test('package managers, downloaders and browsers are no tool, runtimes and editors may be one', async (t) => {
  for (const agent of [
    'curl/8.5.0',
    'npm/10.8.2 node/v22.0.0 linux x64 workspaces/false',
    'pip/24.0 {"ci":null}',
    'git/2.39.5',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36',
  ]) {
    t.ok(isOtherAgent(agent), agent)
  }
  for (const agent of [
    'node',
    'Bun/1.3.1',
    'codex_cli_rs/0.169.0 (Debian)',
    'gitlab-duo/1',
    'npmlog',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Cursor/1.9 Chrome/130.0 Electron/33.0 Safari/537.36',
  ]) {
    t.notOk(isOtherAgent(agent), agent)
  }
  t.notOk(isOtherAgent(null))
})
