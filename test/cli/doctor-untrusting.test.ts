import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { checkUntrusting, findingsOf } from '../../src/cli/doctor-untrusting.ts'

const record = (changes: object = {}): Record<string, unknown> => ({
  phase: 'tunnel',
  reason: 'untrusting-client',
  alert: 'unknown_ca',
  client: { addr: '10.0.0.5' },
  destination: { host: 'api.openai.com', port: 443 },
  ...changes,
})

t.test('a client that refused us is named with the host, its alert, the cause and what mends it', async (t) => {
  const [finding] = findingsOf([record()])
  t.match(finding, { area: 'trust', name: 'client 10.0.0.5', status: 'warn' })
  t.match(finding?.message, /api\.openai\.com \(unknown_ca\): it does not have our CA/u)
  const fix = finding?.fix.join('\n') ?? ''
  for (const word of [
    ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CODEX_CA_CERTIFICATE', 'http.sslCAInfo'],
    ...['keytool', 'intercept.never'],
  ]) {
    t.ok(fix.includes(word), word)
  }
})

t.test('the same refusal is told once, other tunnels are not', async (t) => {
  const { alert: _, ...withoutAlert } = record()
  const found = findingsOf([
    ...[record(), record(), withoutAlert, record({ reason: 'sni-mismatch' })],
    record({ alert: 'closed_after_handshake' }),
  ])
  t.equal(found.length, 2)
  t.match(found[1]?.message, /closed_after_handshake\): it hung up/u)
})

t.test('ten are shown at most', async (t) => {
  const many = Array.from({ length: 30 }, (_, index) => record({ client: { addr: `10.0.0.${index}` } }))
  t.equal(findingsOf(many).length, 10)
})

t.test('whatever a record holds, it cannot break the doctor or the terminal', async (t) => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), fc.string(), (client, destination, alert) => {
      for (const { name, message } of findingsOf([record({ client, destination, alert })])) {
        if (`${name}${message}`.includes('\u001b')) return false
      }
      return true
    }),
  )
  t.notMatch(findingsOf([record({ alert: '\u001b[31m' })])[0]?.message, /\u001b/u)
  t.match(findingsOf([record({ alert: '__proto__' })])[0]?.message, /it refused our certificate/u)
})

t.test('no store, no findings; a store that cannot be read is said', async (t) => {
  const dir = t.testdir({})
  t.strictSame(checkUntrusting(dir, Date.now()), [])
  mkdirSync(join(dir, 'audit'))
  writeFileSync(join(dir, 'store.sqlite'), 'no database at all, but bytes that are long enough to be looked at')
  for (const finding of checkUntrusting(dir, Date.now())) t.match(finding, { area: 'trust', status: 'info' })
})
