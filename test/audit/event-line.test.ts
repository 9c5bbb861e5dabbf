import fc from 'fast-check'
import t from 'tap'
import { chainedLine, createEventRenderer, lineHash } from '../../src/audit/event-line.ts'
import type { AuditEvent } from '../../src/domain/audit-event.ts'
import { admin, alice, config, followingOutcome, intent, singleOutcome, tunnel } from './events.ts'

const render = createEventRenderer(() => 'p_test')
const place = { stream: 'n1-w0', seq: 41, prevHash: '9f' }
const lineOf = (event: AuditEvent) => chainedLine(render(event), place)
const keysOf = (event: AuditEvent) => Object.keys(JSON.parse(lineOf(event)) as object).join(' ')

t.test('an intent has the fields of the contract in their order', async (t) => {
  t.equal(
    keysOf(intent()),
    'v id flow stream seq prevHash time phase who whoDigest assurance destination tool toolVersion via purpose dialect ' +
      'evidence confidence tier action would mode reason rule exemption policyRevision method path bytesIn findings ' +
      'bytesUnchanged unread',
  )
})

t.test('the other phases have theirs', async (t) => {
  const common = 'v id flow stream seq prevHash time phase'
  const person = `${common} who whoDigest assurance`
  const outcome = 'status bytesOut model tokens timings error complete'
  t.equal(keysOf(followingOutcome()), `${person} bytesIn findings unread ${outcome}`)
  t.equal(keysOf(singleOutcome()), `${keysOf(intent())} ${outcome}`)
  t.equal(
    keysOf(tunnel({ count: 3 })),
    `${person} destination tool tier action reason rule policyRevision bytesIn bytesOut durationMs error count`,
  )
  t.equal(keysOf(config()), `${common} what from to ok problems by`)
  t.equal(keysOf(admin()), `${common} actor operation target before after`)
})

t.test('the values of an event stand in its line', async (t) => {
  const event = singleOutcome({ error: { code: 'upstream-timeout', side: 'upstream' } })
  const { client: _, ...fields } = event
  t.match(JSON.parse(lineOf(event)), { ...fields, ...place, who: 'p_test', assurance: 'network' })
})

t.test('the person stands only in the personal line, and the digest binds the two', async (t) => {
  const rendered = render(intent())
  const line = chainedLine(rendered, place)
  for (const personal of ['alice', '10.1.2.3', 'LT-1', 'emea', 'berlin']) t.notMatch(line, personal)
  const personal = rendered.personal!.trimEnd()
  t.match(JSON.parse(personal), { user: 'alice', addr: '10.1.2.3', device: 'LT-1', groups: ['dev', 'emea'] })
  t.equal((JSON.parse(line) as { whoDigest: string }).whoDigest, lineHash(personal))
})

t.test('the salt is new for every line, so that equal persons have different digests', async (t) => {
  const salts = Array.from({ length: 600 }, () => (JSON.parse(render(intent()).personal!) as { salt: string }).salt)
  t.equal(new Set(salts).size, 600)
  t.ok(salts.every((salt) => /^[\w-]{22}$/.test(salt)))
})

t.test('events without a client have no personal line', async (t) => {
  t.equal(render(config()).personal, null)
  t.equal(render(admin()).personal, null)
})

t.test('fields that do not belong to an event never reach a line', async (t) => {
  const stray = { body: 'PROMPT', headers: ['authorization: secret'] }
  for (const event of [intent(), followingOutcome(), singleOutcome(), tunnel(), config(), admin()]) {
    const nested = 'destination' in event ? { destination: { ...event.destination, ...stray } } : {}
    const rendered = render({ ...event, ...stray, ...nested })
    t.notMatch(`${rendered.head}${rendered.tail}${rendered.personal ?? ''}`, /PROMPT|secret/)
  }
})

t.test('a query or fragment is cut off the path', async (t) => {
  t.match(JSON.parse(lineOf(intent({ path: '/v1/x?key=AIza#y' }))), { path: '/v1/x' })
  t.match(JSON.parse(lineOf(intent({ path: '/v1/x#y' }))), { path: '/v1/x' })
})

t.test('over-long text and lists are cut, and an over-large admin value becomes its size', async (t) => {
  const long = 'x'.repeat(50_000)
  const finding = intent().findings[0]!
  const line = lineOf(
    intent({
      path: `/${long}`,
      toolVersion: long,
      findings: Array.from({ length: 5000 }, () => ({ ...finding, field: long })),
    }),
  )
  const fields = JSON.parse(line) as { path: string; toolVersion: string; findings: unknown[] }
  t.equal(fields.path.length, 2049)
  t.equal(fields.toolVersion.length, 1025)
  t.equal(fields.findings.length, 100)
  t.match(JSON.parse(lineOf(admin({ after: long }))), { after: { truncatedChars: 50_002 } })
  t.match(JSON.parse(lineOf(admin({ after: undefined }))), { after: null })
})

t.test('no text whatever breaks a line in two or turns its direction', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\n', '\r\n', '\u0085', '\u2028', '\u202e', '\u001b[31m', '\u0000', '\ud800', '\ufeff'),
  )
  fc.assert(
    fc.property(text, text, text, (a, b, c) => {
      const event = intent({ path: `/${a}`, toolVersion: b, client: { ...alice, user: c, device: a } })
      const rendered = render(event)
      const line = chainedLine(rendered, place)
      const personal = rendered.personal!.slice(0, -1)
      // biome-ignore lint: control characters are what is looked for
      const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/
      return (
        !unsafe.test(line) &&
        !unsafe.test(personal) &&
        (JSON.parse(line) as { toolVersion: string }).toolVersion.toWellFormed() === b.toWellFormed() &&
        (JSON.parse(personal) as { user: string }).user.toWellFormed() === c.toWellFormed()
      )
    }),
  )
})
