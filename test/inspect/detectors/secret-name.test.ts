import t from 'tap'
import { secretNameKind } from '../../../src/inspect/detectors/secret-name.ts'

const KINDS: readonly (readonly [kind: ReturnType<typeof secretNameKind>, names: readonly string[]])[] = [
  [
    'password',
    [
      'password',
      'DB_PASSWORD',
      'dbPass',
      'MYSQL_ROOT_PWD',
      'passphrase',
      'smtp.password',
      'passwordProd',
      'Passwort',
      'wachtwoord',
    ],
  ],
  [
    'secret',
    [
      'apiKey',
      'API_KEY_2',
      'client-secret',
      'authToken',
      'X-Api-Key',
      'stripe_secret_key',
      'tokenValue',
      'my api key',
      'secret_key_base',
      'validationKey',
      'API_KEY_ACME',
      'TOKEN_GITHUB_BOT',
    ],
  ],
  ['key', ['key', 'ALGOLIA_KEY', 'sessionid', 'auth', 'Cookie']],
  [
    null,
    [
      'publicKey',
      'password_hash',
      'tokenizer',
      'maxTokens',
      'keyword',
      'secretName',
      'csrfToken',
      'author',
      'cache_key',
      'access_key_id',
      'TOKEN_ADDRESS',
      'API_KEY_HEADER',
      'SECRET_STORE_ENDPOINT',
      '',
    ],
  ],
]

t.test('the last word of a name says what it names, whatever its style', async (t) => {
  for (const [kind, names] of KINDS) for (const name of names) t.equal(secretNameKind(name), kind, name)
})
