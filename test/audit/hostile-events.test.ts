/** Whatever a client, an upstream or an admin writes into a field: one event stays one line, on disk, in the store and in every export. */
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { EXPORT_FORMATS } from '../../src/audit/export/formats.ts'
import { openAuditReader } from '../../src/audit/reader.ts'
import { createSpool } from '../../src/audit/spool.ts'
import type { AuditEvent } from '../../src/domain/audit-event.ts'
import { admin, alice, config, followingOutcome, intent, singleOutcome, tunnel } from './events.ts'
import { personalLinesOf, rawLines } from './lines.ts'

const HOSTILE = [
  '\u001b[2J\u001b]0;owned\u0007\u009b31m',
  'GET / HTTP/1.1\r\nSet-Cookie: a=b\r\n\r\n{"v":1,"phase":"admin"}',
  'a\u0000b',
  '\u202egnp.exe\u2066\u2069\u200f',
  '=cmd|"/C calc"!A0',
  '+1+1\t@SUM(A1)',
  '<script>alert(1)</script>',
  '"},{"id":"x"',
  '\\u0022,"tier":"approved"',
  '\u2028\u2029\u0085\u000b\u000c',
  '\ud800 alone \udc00',
  '\ufffd\ufffe\uffff\ufeff',
  Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x0a]).toString('latin1'),
  Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x0a]).toString('utf8'),
  '|=\\| CEF:0|x|',
  '__proto__',
]
const MEGABYTE = '\r\n\u202e<'.repeat(262_144)

const word = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.tuple(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 9 })).map(([a, b]) => b + a + b),
)

/** One event of each kind, hostile in every field that comes from outside. */
function eventsOf(a: string, b: string): AuditEvent[] {
  const client = { ...alice, address: a, user: b, groups: [a, b], device: b, network: a }
  const destination = { host: a, port: 443, scheme: 'https', http: b } as const
  const findings = [{ detector: a, severity: 'high', field: b, count: 1 }] as const
  const seen = { client, destination, toolVersion: a, via: b, evidence: [a, b], method: a, path: b, findings }
  const decided = { ...seen, tool: a, reason: b, rule: a, exemption: b, policyRevision: a, tenants: [b] }
  const error = { code: a, side: 'upstream' } as const
  return [
    intent(decided),
    followingOutcome({ client, findings, model: b, error }),
    singleOutcome({ ...decided, model: a, error }),
    tunnel({ client, destination: { host: b, port: 1 }, tool: a, reason: b, rule: a, alert: b, error }),
    config({ from: a, to: b }),
    admin({ actor: a, operation: b, target: a, before: { [b]: a }, after: [a, { [a]: b }] }),
  ]
}

// biome-ignore lint: control characters are what is looked for
const BREAKS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/u

t.test('one event is one line of both files, inert, and reads back', async (t) => {
  const dir = join(t.testdir({}), 'audit')
  const spool = createSpool({ dir, stream: 'n1-w0', segmentBytes: 1e9 })
  let lines = 0
  let persons = 0
  await fc.assert(
    fc.asyncProperty(word, word, async (a, b) => {
      const events = eventsOf(a, b)
      await Promise.all(events.map((event) => spool.append(event)))
      lines += events.length
      persons += 4
    }),
    { numRuns: 150 },
  )
  const big = eventsOf(MEGABYTE, MEGABYTE)
  await Promise.all(big.map((event) => spool.append(event)))
  await spool.close()
  const written = rawLines(dir)
  t.equal(written.length, lines + big.length)
  t.equal(personalLinesOf(dir).length, persons + 4)
  t.same(
    written.slice(-big.length).map((line) => (JSON.parse(line) as { id: string }).id),
    big.map(({ id }) => id),
  )
  t.notOk(written.some((line) => BREAKS.test(line) || !line.isWellFormed()))
  t.notOk(personalLinesOf(dir).some((line) => BREAKS.test(line)))
  // A megabyte in every field: lists keep a hundred entries of 1,024 characters, so a line is bounded.
  t.ok(Math.max(...written.map(({ length }) => length)) < 100_000)
})

t.test('every one of them is found, and is one inert row in each text format', async (t) => {
  const data = t.testdir({})
  const dir = join(data, 'audit')
  const spool = createSpool({ dir, stream: 'n1-w0', segmentBytes: 1e9 })
  const all = [...HOSTILE.flatMap((text) => eventsOf(text, text)), ...eventsOf(MEGABYTE, MEGABYTE)]
  await Promise.all(all.map((event) => spool.append(event)))
  await spool.close()
  const reader = openAuditReader({ dir, file: join(data, 'store.sqlite') })
  const { items } = reader.query({ limit: 1000, order: 'asc' })
  const found = new Set(items.map((item) => String(item['flow'])))
  t.same(
    all.filter(({ flow }) => !found.has(flow)),
    [],
  )
  t.equal(items.length, new Set(all.map(({ flow }) => flow)).size)
  for (const item of items) t.equal(reader.find(String(item['flow']))?.['flow'], item['flow'])
  for (const [name, { row }] of Object.entries(EXPORT_FORMATS)) {
    for (const item of items) {
      const text = row(item)
      if (BREAKS.test(text.replace(/\r\n$/u, '\n'))) t.fail(`${name}: ${JSON.stringify(text).slice(0, 300)}`)
      if (!text.endsWith('\n')) t.fail(`${name}: a row without its end`)
      // A comma-separated field may hold a line break between quotes only, and ours hold none at all.
      if (name === 'csv' && text.trimEnd().includes('\n')) t.fail(`csv: ${JSON.stringify(text).slice(0, 300)}`)
      if (name === 'csv' && /(?:^|,)"?[=+@\t-]/u.test(text))
        t.fail(`csv formula: ${JSON.stringify(text).slice(0, 300)}`)
    }
  }
  reader.close()
})
