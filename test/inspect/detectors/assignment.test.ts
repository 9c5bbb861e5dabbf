import fc from 'fast-check'
import t from 'tap'
import { findAssignedSecret } from '../../../src/inspect/detectors/assignment.ts'
import { expandExample } from '../../../src/inspect/example-text.ts'

const SECRET = expandExample('<alnum:32>', 'assignment')
const WORDS = /key|token|secret|pass|pwd|auth|cred|session|cookie|密码|密钥|令牌/gi

function found(text: string): string | null {
  for (const { 0: word, index } of text.matchAll(WORDS)) {
    const span = findAssignedSecret(text, index, index + word.length)
    if (span !== null) return text.slice(span.start, span.end)
  }
  return null
}

t.test('a value is found in every way that people assign one', async (t) => {
  const ways = [
    `api_key = "${SECRET}"`,
    `API_KEY=${SECRET}`,
    `export API_KEY='${SECRET}'`,
    `apiKey: ${SECRET}`,
    `"apiKey": "${SECRET}",`,
    `{\\"apiKey\\":\\"${SECRET}\\"}`,
    `{\\\\\\"apiKey\\\\\\":\\\\\\"${SECRET}\\\\\\"}`,
    `:api_key => '${SECRET}'`,
    `apiKey := \`${SECRET}\``,
    `const apiKey: string = "${SECRET}"`,
    `String apiKey = "${SECRET}";`,
    `let api_key: &str = "${SECRET}";`,
    `os.environ["API_KEY"] = "${SECRET}"`,
    `setenv("API_KEY", "${SECRET}")`,
    `client.setApiKey("${SECRET}")`,
    `process.env.API_KEY || "${SECRET}"`,
    `process.env.API_KEY ?? "${SECRET}"`,
    `X-Api-Key: ${SECRET}`,
    `Authorization: Bearer ${SECRET}`,
    `curl --token ${SECRET} x`,
    `curl --token=${SECRET} x`,
    `?token=${SECRET}&x=1`,
    `<token>${SECRET}</token>`,
    `<add key="ApiKey" value="${SECRET}"/>`,
    `<secret>{AQAAABAAA ${SECRET}}</secret>`,
    `the api key is ${SECRET}.`,
    `use the token ${SECRET} for now`,
    `访问令牌：${SECRET}`,
    `密钥是 ${SECRET}`,
    `api_key:\n  ${SECRET}\n`,
    `if (token === "${SECRET}")`,
  ]
  for (const text of ways) t.equal(found(text), SECRET, text)
})

t.test('code that only speaks of secrets is passed over', async (t) => {
  const lines = [
    `const token = getToken(a1b2c3d4e5f6)`,
    `token: config.token2,`,
    `if (key === SyntaxKind.NewKeyword2)`,
    `password: z.string().min(8)`,
    `paths: ['users.*.password', 'users.*.profile.preferences.apiKey']`,
    `const publicKey = "${SECRET}"`,
    `postgres://token:${SECRET}@db`,
    `tokenizer = "${SECRET}"`,
    `passed ${SECRET}`,
    `keys(${SECRET})`,
    `the key ${SECRET}`,
  ]
  for (const text of lines) t.equal(found(text), null, text)
})

t.test('any text is answered, and a span lies in it', async () => {
  const part = fc.constantFrom(
    'key',
    'token',
    '=',
    ':',
    ' ',
    '"',
    '\\',
    '\n',
    SECRET,
    'Bearer ',
    '密码',
    '(',
    '{',
    '--',
    '\u{1f511}',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const text = parts.join('')
      for (const { 0: word, index } of text.matchAll(WORDS)) {
        const span = findAssignedSecret(text, index, index + word.length)
        if (span !== null && !(span.start < span.end && span.end <= text.length)) return false
      }
      return true
    }),
  )
})
