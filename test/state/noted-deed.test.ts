import fc from 'fast-check'
import t from 'tap'
import { readDeed } from '../../src/state/noted-deed.ts'

const TIME = '2026-11-23T10:00:00.000Z'
const make = {
  actor: 'cli:root',
  operation: 'token.make',
  target: 'token:5f0c1d2e3a4b5c6d',
  before: null,
  after: { expires: TIME },
}
const report = {
  ...make,
  operation: 'evidence.report',
  target: `sha256:${'a'.repeat(64)}`,
  after: { from: TIME, to: TIME, records: 7 },
}
const read = (deed: unknown) => readDeed(JSON.stringify(deed))

t.test('what our commands note is read as it stands', async (t) => {
  for (const deed of [
    make,
    { ...make, actor: 'cli:李伟', after: { expires: null } },
    { ...make, operation: 'token.revoke', after: { revoked: true } },
    report,
  ])
    t.strictSame(read(deed), deed)
})

t.test('no other operation, actor, target or content gets through', async (t) => {
  for (const deed of [
    { ...make, operation: 'retention.remove' },
    { ...make, operation: 'person.erase' },
    { ...make, operation: 'constructor' },
    { ...make, operation: ['token.make'] },
    { ...make, actor: 'weir' },
    { ...make, actor: 'admin' },
    { ...make, actor: 'cli:' },
    { ...make, actor: 'cli:a\nb' },
    { ...make, actor: `cli:${'a'.repeat(300)}` },
    { ...make, target: 'n1-w0' },
    { ...make, target: 'token:a b' },
    { ...make, before: { expires: null } },
    { ...make, after: null },
    { ...make, after: { expires: TIME, firstSeq: 1 } },
    { ...make, after: { expires: 'never' } },
    { ...make, time: TIME },
    { ...make, actor: undefined },
    { ...report, after: { from: TIME, to: TIME, records: -1 } },
    { ...report, target: 'sha256:abc' },
    null,
    [],
    'token.make',
  ])
    t.equal(read(deed), null, JSON.stringify(deed).slice(0, 120))
  for (const text of ['', '{', `${' '.repeat(3000)}${JSON.stringify(make)}`]) t.equal(readDeed(text), null)
})

t.test('no text makes it throw', async (t) => {
  const operation = fc.oneof(fc.string(), fc.constantFrom('token.make', '__proto__', 'evidence.report'))
  fc.assert(
    fc.property(operation, fc.jsonValue(), fc.jsonValue(), (name, target, after) => {
      t.equal(read({ ...make, operation: name, target, after }), null)
    }),
    { numRuns: 100 },
  )
  fc.assert(
    fc.property(fc.string(), (text) => t.equal(readDeed(text), null)),
    { numRuns: 100 },
  )
})
