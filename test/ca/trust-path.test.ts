import t from 'tap'
import {
  anchorOf,
  checkPath,
  isUnreadable,
  orderPath,
  pathWarnings,
  problem,
  sentChain,
  sentChainPem,
  subjectOf,
} from '../../src/ca/trust-path.ts'
import { DAY_MS, makeCa, NOW_MS, sourceOf, type TestCa, type TestCaOptions } from './make-ca.ts'

const root = makeCa({ name: 'Root' })
const middle = makeCa({ name: 'Middle', issuer: root })
const low = makeCa({ name: 'Low', issuer: middle })
const certificates = (...cas: readonly TestCa[]) => cas.map(({ certificate }) => certificate)
const carries = (ca: TestCa) => (one: { x509: { checkPrivateKey: (key: never) => boolean } }) =>
  one.x509.checkPrivateKey(ca.key as never)

const wrong = (options: TestCaOptions): string[] => {
  const ca = makeCa(options)
  return checkPath('ca.pem', [ca.certificate], NOW_MS).map(({ message }) => message)
}

t.test('certificates in any order become the path from the signing one up', async (t) => {
  const stranger = makeCa({ name: 'Stranger' })
  const path = orderPath(certificates(root, stranger, low, middle), carries(low))
  t.strictSame(path?.map(subjectOf), ['CN=Low', 'CN=Middle', 'CN=Root'])
  t.strictSame(orderPath(certificates(middle, low), carries(low))?.map(subjectOf), ['CN=Low', 'CN=Middle'])
  t.equal(orderPath(certificates(root, middle), carries(low)), null)
})

t.test('an issuer is told by its signature, not by its name', async (t) => {
  const impostor = makeCa({ name: 'Root' })
  t.strictSame(orderPath(certificates(middle, impostor), carries(middle))?.length, 1)
})

t.test('certificates that issue each other end the path instead of running for ever', async (t) => {
  const a = makeCa({ name: 'A' })
  const b = makeCa({ name: 'B', issuer: a })
  t.equal(orderPath([b.certificate, a.certificate, a.certificate], carries(b))?.length, 2)
})

t.test('a good path has no problems', async (t) => {
  t.strictSame(checkPath('ca.pem', certificates(low, middle, root), NOW_MS), [])
})

t.test('each flaw is named with the certificate and what to do', async (t) => {
  t.match(wrong({ notAfterMs: NOW_MS - DAY_MS })[0], /`CN=Test root` expired on 2026-11-21: have it renewed/)
  t.match(wrong({ notBeforeMs: NOW_MS + DAY_MS })[0], /not valid before 2026-11-23: check this machine's clock/)
  t.match(wrong({ isCa: false })[0], /is not a CA certificate/)
  t.match(wrong({ maySign: false })[0], /lacks keyCertSign/)
  t.match(wrong({ extKeyUsage: ['1.3.6.1.5.5.7.3.2'] })[0], /lacks serverAuth/)
  t.strictSame(wrong({ extKeyUsage: ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1'] }), [])
  t.strictSame(wrong({ extKeyUsage: ['2.5.29.37.0'] }), [])
})

t.test('all flaws come at once, each an error on the file', async (t) => {
  const flawed = makeCa({ notAfterMs: NOW_MS - 1, isCa: false, maySign: false })
  const problems = checkPath('ca.pem', [flawed.certificate], NOW_MS)
  t.equal(problems.length, 3)
  t.ok(problems.every(({ file, severity }) => file === 'ca.pem' && severity === 'error'))
})

t.test('a path length that the chain exceeds is a problem', async (t) => {
  const tight = makeCa({ name: 'Tight', pathLength: 0 })
  const under = makeCa({ name: 'Under', issuer: tight })
  t.match(
    checkPath('f', certificates(under, tight), NOW_MS)[0]?.message,
    /allows 0 CA certificates below it, the chain has 1/,
  )
  t.strictSame(checkPath('f', certificates(tight), NOW_MS), [], 'a CA of path length 0 may sign leaves')
})

t.test('warnings: an end that is near, a chain without its root', async (t) => {
  const soon = makeCa({ notAfterMs: NOW_MS + 10 * DAY_MS })
  t.match(pathWarnings('f', [soon.certificate], NOW_MS)[0], { severity: 'warning', message: /ends on 2026-12-02/ })
  t.match(pathWarnings('f', certificates(low, middle), NOW_MS)[0]?.message, /ends at `CN=Middle`, which is no root/)
  t.strictSame(pathWarnings('f', certificates(low, middle, root), NOW_MS), [])
})

t.test('clients are sent the issuers but not the root, machines trust the highest certificate known', async (t) => {
  const source = sourceOf(low, middle, root)
  t.strictSame(sentChain(source).map(subjectOf), ['CN=Low', 'CN=Middle'])
  t.equal(sentChainPem(source), low.pem + middle.pem)
  t.equal(subjectOf(anchorOf(source)), 'CN=Root')
  t.equal(sentChainPem(sourceOf(root)), '')
  t.equal(subjectOf(anchorOf(sourceOf(low, middle))), 'CN=Middle')
})

t.test('a file that cannot be reached is told apart from a bad one', async (t) => {
  t.ok(isUnreadable([problem('f', 'bad'), problem('g', 'cannot be read (ENOENT): check the path')]))
  t.notOk(isUnreadable([problem('f', 'the private key is damaged')]))
})
