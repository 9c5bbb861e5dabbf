import t from 'tap'
import { isLikelySecret, isRandom } from '../../../src/inspect/detectors/secret-value.ts'
import { expandExample } from '../../../src/inspect/example-text.ts'

const random = (template: string): string => expandExample(template, 'secret-value')

t.test('a password is anything that a person may have made up', async (t) => {
  for (const value of ['q7Rz!2mLpX9v', 'Sommer2024!', 'h7Gt2pWx91', 'super$ecret']) {
    t.ok(isLikelySecret(value, 'password', 'quoted'), value)
  }
  for (const value of [
    'password1',
    'changeme',
    'newPassword',
    'Enter',
    '${PASS}',
    'my-secret-password',
    '********',
    'admin123',
  ]) {
    t.notOk(isLikelySecret(value, 'password', 'quoted'), value)
  }
})

t.test('a secret is random, or a UUID where nothing else can stand', async (t) => {
  for (const template of ['<alnum:20>', '<hex:32>', '<base64:44>', '<loweralnum:24>', '<uuid>']) {
    t.ok(isLikelySecret(random(template), 'secret', 'quoted'), template)
  }
  t.ok(isLikelySecret(`/${random('<base64:42>')}=`, 'secret', 'quoted'), 'base 64 may begin with a slash')
  t.notOk(isLikelySecret(random('<uuid>'), 'secret', 'loose'))
  for (const value of [
    'someServiceTokenName',
    '/run/secrets/db1',
    'sha256-abc',
    'https://a.b/c1',
    'v1.2.3',
    'API_TOKEN_2',
    'token.json',
  ]) {
    t.notOk(isLikelySecret(value, 'secret', 'quoted'), value)
  }
})

t.test('what is called a key may be that of a map: only mixed random characters count', async (t) => {
  t.ok(isLikelySecret(random('<alnum:32>'), 'key', 'quoted'))
  for (const template of ['<hex:40>', '<uuid>', '<alnum:12>']) {
    t.notOk(isLikelySecret(random(template), 'key', 'quoted'), template)
  }
})

t.test('random is long enough, has letters, and no words', async (t) => {
  t.ok(isRandom(random('<alnum:20>'), 16))
  t.notOk(isRandom(random('<alnum:12>'), 16))
  t.notOk(isRandom('12345678901234567890', 16))
  t.notOk(isRandom('getElementsByClassName2', 16))
})
