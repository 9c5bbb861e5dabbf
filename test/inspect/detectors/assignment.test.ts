import fc from 'fast-check'
import t from 'tap'
import { findAssignedSecret } from '../../../src/inspect/detectors/assignment.ts'
import { expandExample } from '../../../src/inspect/example-text.ts'

const SECRET = expandExample('<alnum:32>', 'assignment')
const WORDS = /key|token|secret|pass|pwd|auth|cred|session|cookie|密码|密钥|令牌|パスワード|비밀번호|пароль/gi

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
    `let api_key = String::from("${SECRET}");`,
    `let token = SecretString::new("${SECRET}".into())`,
    `- **Acme secret**: \`${SECRET}\``,
    `acme密钥：${SECRET}`,
    `api_key: |\n  ${SECRET}\n`,
    `token: !!str ${SECRET}`,
    `for acme use key ${SECRET} until Monday`,
    `for acme I have this key: ${SECRET} but get 401`,
    `my api key (${SECRET}) stopped working`,
    `接口密钥是：${SECRET}`,
    `API_TOKEN: Final = "${SECRET}"`,
    `<param-name>apiSecret</param-name><param-value>${SECRET}</param-value>`,
    `<setting name="ApiSecret"><value>${SECRET}</value></setting>`,
    `acme token - '${SECRET}'`,
    `"acmeToken" to "${SECRET}"`,
    `API_KEY_ACME=${SECRET}`,
    `ENV ACME_KEY ${SECRET}`,
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
    `key: Linux-node-${'1f2e3d4c'.repeat(8)}`,
    `sonar project key acme_app_fe753483`,
    `getToken(${SECRET})`,
  ]
  for (const text of lines) t.equal(found(text), null, text)
})

t.test('a key of the environment, of a header or of a log counts although it is hexadecimal or a UUID', async (t) => {
  const hex = expandExample('<hex:32>', 'assignment')
  const uuid = expandExample('<uuid>', 'assignment')
  t.equal(found(`# Acme\nACME_KEY=${hex}\nDEBUG=1`), hex)
  t.equal(found(`x = process.env.ACME_KEY || '${hex}'`), hex)
  t.equal(found(`X-Acme-Key: ${hex}`), hex)
  t.equal(found(`WARN acme: token=${uuid} status=401`), uuid)
  for (const text of [`CACHE_KEY=${hex}`, `acmeKey = "${hex}"`, `MAP_KEY = "${hex}"`, `f(token=${uuid})`])
    t.equal(found(text), null, text)
})

t.test('a password is found under its name in other languages', async (t) => {
  for (const text of [
    'Passwort: Fromage!2024x',
    'mot de passe : Fromage!2024x',
    '비밀번호: Fromage!2024x',
    '비밀번호는 Fromage!2024x 입니다',
    'пароль: Fromage!2024x',
    'パスワードは Fromage!2024x です',
  ])
    t.equal(found(text), 'Fromage!2024x', text)
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
