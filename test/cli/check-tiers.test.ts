import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { run } from '../../src/cli/check.ts'
import { rulesWithFewDetectors } from '../helpers/few-detectors.ts'
import { fakeIo } from './fake-io.ts'

const RULES = rulesWithFewDetectors()
const POLICY = readFileSync(`${RULES}/policy.yaml`, 'utf8')

/** What `weir check` says of a policy over the shipped catalogue. */
async function warningsOf(t: Test, policy: string, config = ''): Promise<string> {
  const cwd = t.testdir({
    'weir.yaml': `rules: { dir: rules }\n${config}`,
    rules: {
      'policy.yaml': policy,
      catalogue: t.fixture('symlink', `${RULES}/catalogue`),
      detectors: t.fixture('symlink', `${RULES}/detectors`),
      notices: t.fixture('symlink', `${RULES}/notices`),
    },
  })
  const io = fakeIo(cwd)
  t.equal(await run([], io), 0)
  // The catalogue has warnings of its own: templates that nobody filled.
  const lines = io.err().split('\n')
  return lines.filter((line) => line.includes('policy.yaml')).join('\n')
}

const assigned = (entry: string): string => POLICY.replace(/^assign:\n/mu, `assign:\n  - ${entry}\n`)

t.test('the shipped policy gives every tool the tier it says', async (t) => {
  t.equal(await warningsOf(t, POLICY), '')
})

t.test(
  'an approved tool on a shared API host is told that the tier of the fallback counts, and what to do',
  async (t) => {
    const text = await warningsOf(t, assigned('{ tool: openai-codex, tier: approved }'))
    const line = POLICY.split('\n').indexOf('assign:') + 2
    t.match(text, new RegExp(`^warning: rules/policy\\.yaml:${line}: assign\\[0\\]: `, 'mu'))
    t.match(text, /`openai-codex` is approved, but on api\.openai\.com.* get the tier of `openai-api` \(monitored\)/u)
    t.match(text, /Give `openai-api` the tier approved as well, or name `openai-codex` in `trustMarks`/u)
  },
)

t.test('either piece of advice ends the warning', async (t) => {
  const trusted = assigned('{ tool: openai-codex, tier: approved }').replace('[qwen-code]', '[qwen-code, openai-codex]')
  t.notMatch(await warningsOf(t, trusted), 'tier of `openai-api`')
  t.notMatch(
    await warningsOf(t, assigned('{ tool: [openai-codex, openai-api], tier: approved }')),
    'tier of `openai-api`',
  )
})

t.test('where the fallback is prohibited trust would not help, and is not advised', async (t) => {
  const policy = assigned('{ tool: openai-api, tier: prohibited }').replace(
    'assign:\n',
    'assign:\n  - { tool: [qwen-code, openai-codex], tier: approved }\n',
  )
  const text = await warningsOf(
    t,
    policy.replace('tool: [qwen-code, lingma-qoder-cn, qoder]', 'tool: [lingma-qoder-cn, qoder]'),
  )
  const [line = ''] = text.split('\n').filter((each) => each.includes('`openai-codex` is approved'))
  t.match(line, /the tier of `openai-api` \(prohibited\).*Give `openai-api` the tier approved as well$/u)
})

t.test(
  'a tool that is stricter than the fallback keeps its tier, and a host that is not read is no matter',
  async (t) => {
    t.equal(await warningsOf(t, assigned('{ tool: openai-codex, tier: prohibited }')), '')
    const text = await warningsOf(
      t,
      assigned('{ tool: openai-codex, tier: approved }'),
      'intercept: { never: [api.openai.com, gov.api.openai.com] }\n',
    )
    t.notMatch(text, 'api.openai.com')
  },
)
