import { Buffer } from 'node:buffer'
import t from 'tap'
import { isJwt } from '../../../src/inspect/detectors/jwt.ts'

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

t.test('a token has a header with an algorithm and readable claims', async (t) => {
  t.ok(isJwt(`${part({ alg: 'RS256' })}.${part({ sub: 'a' })}.c2ln`))
  t.ok(isJwt(`${part({ alg: 'none' })}.${part({ sub: 'a' })}.`), 'unsigned')
  t.ok(isJwt(`${part({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`), 'encrypted')
})

t.test('look-alikes are none', async (t) => {
  const rows = [
    '',
    'a.b.c',
    `${part({ typ: 'JWT' })}.${part({})}.x`,
    `${part({ alg: 'RS256' })}.notjson.x`,
    `${part({ alg: 'RS256' })}.${part('text')}.x`,
    `${part({ alg: 'RS256' })}.${part({ sub: 'a' })}`,
    `${part({ alg: 'RS256' })}.${part([1])}.x.y`,
    `${Buffer.from('{broken}').toString('base64url')}.${part({})}.x`,
  ]
  for (const token of rows) t.notOk(isJwt(token), token)
})

t.test('the token of every tutorial is none', async (t) => {
  t.notOk(
    isJwt(`${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: '1234567890', name: 'John Doe', iat: 1516239022 })}.x`),
  )
})

t.test('a header of any length is read to its last byte', async (t) => {
  const claims = Buffer.from('{"sub":"ann"}').toString('base64url')
  for (let length = 1; length <= 12; length += 1) {
    const header = Buffer.from(`{"alg":"${'x'.repeat(length)}"}`).toString('base64url')
    t.ok(isJwt(`${header}.${claims}.sig`), header)
    t.notOk(isJwt(`${header.slice(0, -2)}.${claims}.sig`), `${header} without its end`)
    t.notOk(isJwt(`${header}IA.${claims}.sig`), `${header} and something behind it`)
  }
})
