import t from 'tap'
import {
  findUrlPassword,
  isBasicCredentials,
  isTrivialPassword,
} from '../../../src/inspect/detectors/connection-string.ts'

function found(text: string): string | null {
  const span = findUrlPassword(text, text.indexOf('://'))
  return span === null ? null : text.slice(span.start, span.end)
}
const base64 = (text: string): string => Buffer.from(text).toString('base64')

t.test('of a URL with a login the password is found, and only it', async (t) => {
  const rows: readonly [text: string, wanted: string][] = [
    ['postgres://app:q7Rz2mLpX@db:5432/x', 'q7Rz2mLpX'],
    ['mongodb+srv://app:q7Rz2mLpX@c0.abc.mongodb.net/x?w=1', 'q7Rz2mLpX'],
    ['redis://:q7Rz2mLpX@cache', 'q7Rz2mLpX'],
    ['https://bot:q7%2Fz2mLp@git.corp.net/a.git', 'q7%2Fz2mLp'],
    ['amqp://a:b1c2d3e4@[fd00::1]:5672', 'b1c2d3e4'],
    ['DATABASE_URL=mysql://root:hunter2!@10.0.0.5', 'hunter2!'],
    ['jdbc:postgresql://app:q7Rz2mLpX@db/x', 'q7Rz2mLpX'],
  ]
  for (const [text, wanted] of rows) t.equal(found(text), wanted, text)
})

t.test('URLs without a real password have none', async (t) => {
  const rows = [
    'https://host:8080/path',
    'https://host:8080/a@b',
    'postgres://app@db/x',
    'postgres://app:@db/x',
    'postgres://user:password@localhost',
    'postgres://postgres:postgres@db',
    'postgres://app:${DB_PASSWORD}@db',
    'postgres://app:$PASS@db',
    'postgres://app:{password}@db',
    'postgres://app:<password>@db',
    'postgres://app:%s@db',
    'postgres://app:********@db',
    'postgres://app:DB_PASSWORD@db',
    'https://a:pw@example.com',
    '://app:q7Rz2mLpX@db',
    'x://app:q7Rz2mLpX@db',
  ]
  for (const text of rows) t.equal(found(text), null, text)
})

t.test('stand-ins are trivial, passwords are not', async (t) => {
  for (const text of ['password', 'secret', 'xxxx', '...', 'changeme', '[PASSWORD]', 'your-password'])
    t.ok(isTrivialPassword(text), text)
  for (const text of ['hunter2', 'q7Rz2mLpX', 'correct horse']) t.notOk(isTrivialPassword(text), text)
})

t.test('basic credentials are a user and a password in base64', async (t) => {
  t.ok(isBasicCredentials(base64('svc:q7Rz2mLpX')))
  for (const text of ['user:password', 'svc:svc', 'nocolon', 'a:', 'a\u0000b:q7Rz2mLpX'])
    t.notOk(isBasicCredentials(base64(text)), text)
})
