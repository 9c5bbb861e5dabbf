import t from 'tap'
import { run } from '../../src/cli/redact.ts'
import { expandExample } from '../../src/inspect/example-text.ts'
import { rulesWithFewDetectors } from '../helpers/few-detectors.ts'

const RULES = rulesWithFewDetectors()
const SECRET = expandExample('glpat-<alnum:20>', 'secret')
const PLACEHOLDER = /^WEIR[A-Z2-7]{12}$/

interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function weir(cwd: string, args: readonly string[], input = ''): Promise<Answer> {
  let stdout = ''
  let stderr = ''
  const io = {
    stdout: (text: string) => (stdout += text),
    stderr: (text: string) => (stderr += text),
    env: {},
    cwd,
  }
  const code = await run(args, io, async () => Buffer.from(input))
  return { code, stdout, stderr }
}

const folder = (
  t: { testdir: (files: Record<string, string>) => string },
  files: Record<string, string> = {},
): string => t.testdir({ 'weir.yaml': `rules: { dir: ${JSON.stringify(RULES)} }\ndata: { dir: data }\n`, ...files })

t.test('the body goes to standard output, the findings to standard error', async (t) => {
  const body = JSON.stringify({ messages: [{ role: 'user', content: `use ${SECRET}` }] }, null, 2)
  const { code, stdout, stderr } = await weir(folder(t, { 'body.json': body }), [
    'body.json',
    '--dialect',
    'openai-chat',
  ])
  t.equal(code, 0)
  const { content } = (JSON.parse(stdout) as { messages: [{ content: string }] }).messages[0]
  t.match(content.slice(4), PLACEHOLDER)
  t.equal(stdout, body.replace(SECRET, content.slice(4)), 'every other byte stays')
  t.equal(stderr, `high gitlab-token messages[0].content ×1: redact (${content.slice(4)})\n`)
})

t.test('without a file, standard input is read, as plain text where it is no JSON', async (t) => {
  const { code, stdout } = await weir(folder(t), [], `key ${SECRET}\nend`)
  t.equal(code, 0)
  t.match(stdout, /^key WEIR[A-Z2-7]{12}\nend$/)
})

t.test('the tier says what is replaced', async (t) => {
  const { stdout, stderr } = await weir(folder(t), ['--tier', 'approved'], SECRET)
  t.equal(stdout, SECRET)
  t.match(stderr, /^high gitlab-token - ×1: /)
})

t.test('--json gives body and findings as one object', async (t) => {
  const { code, stdout, stderr } = await weir(folder(t), ['--json'], `{"a":["${SECRET}","${SECRET}"]}`)
  t.equal(code, 0)
  t.equal(stderr, '')
  const answer = JSON.parse(stdout) as { body: string; findings: unknown[] }
  t.match(answer, { bytesUnchanged: false, unread: null })
  t.match(answer.findings[0], { detector: 'gitlab-token', severity: 'high', count: 1, action: 'redact' })
  t.notMatch(answer.body, SECRET)
})

t.test('what cannot be edited is no redaction: the tier says what happens', async (t) => {
  const packed = Buffer.from(`apiVersion: v1 password: ${SECRET} and more`).toString('base64')
  const args = ['--dialect', 'openai-chat']
  const body = JSON.stringify({ messages: [{ role: 'user', content: `${SECRET} ${packed}` }] })
  const { code, stdout, stderr } = await weir(folder(t), args, body)
  t.equal(code, 0)
  t.match(stdout, packed)
  t.match(stderr, /^high gitlab-token messages\[0\]\.content ×1: redact \(WEIR/m)
  t.match(stderr, /^high gitlab-token messages\[0\]\.content ×1: block, because nothing can be edited there \(WEIR/m)
})

t.test('a body that cannot be read is no success and is not printed', async (t) => {
  const { code, stdout, stderr } = await weir(folder(t), ['--dialect', 'openai-chat'], '{"messages": [')
  t.equal(code, 1)
  t.equal(stdout, '')
  t.match(stderr, /the body cannot be read/)
})

t.test('wrong usage is 2, a missing file 3, broken rules 1', async (t) => {
  const cwd = folder(t)
  t.match(await weir(cwd, ['--dialect', 'latin']), { code: 2, stderr: /unknown dialect `latin`/ })
  t.match(await weir(cwd, ['--tier', 'holy']), { code: 2, stderr: /unknown tier `holy`/ })
  t.match(await weir(cwd, ['a', 'b']), { code: 2, stderr: /unexpected argument `b`/ })
  t.match(await weir(cwd, ['missing.json']), { code: 3, stderr: /cannot read `missing.json`: ENOENT/ })
  t.match(await weir(t.testdir({ 'weir.yaml': 'rules: { dir: nowhere }' }), [], 'x'), { code: 1, stderr: /nowhere/ })
  t.match(await weir(cwd, ['--help']), { code: 0, stdout: /^weir redact: / })
})
