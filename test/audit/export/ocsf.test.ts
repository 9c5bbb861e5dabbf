import canonicalize from 'canonicalize'
import fc from 'fast-check'
import t from 'tap'
import { lineHash } from '../../../src/audit/event-line.ts'
import { ocsfRows } from '../../../src/audit/export/ocsf.ts'
import { mergeRecords } from '../../../src/audit/merge-records.ts'
import { loadOcsfSchema, ocsfSchemaDir } from '../../helpers/ocsf-schema.ts'
import { admin, config, followingOutcome, intent, singleOutcome, tunnel } from '../events.ts'
import { written } from './golden.ts'
import { anyEvent } from './hostile-events.ts'

type Event = Record<string, unknown> & {
  attestation_list: { fingerprint?: { value: string } }[]
  metadata: { uid: string }
}

const dir = ocsfSchemaDir()
const schema = dir === null ? null : loadOcsfSchema(dir)
const skip = schema === null ? 'no schema folder: set WEIR_OCSF_SCHEMA' : false

const parse = (rows: string): Event[] =>
  rows
    .trimEnd()
    .split('\n')
    .map((row) => JSON.parse(row) as Event)

t.test('records and exchanges of every phase follow the schema', { skip }, async (t) => {
  const flow = intent()
  const exchanges = [
    intent(),
    followingOutcome(),
    singleOutcome(),
    tunnel(),
    config(),
    config({ from: null, ok: false }),
    admin(),
  ]
  for (const event of exchanges) {
    for (const isErased of [false, true]) {
      const { line, record } = written(event, isErased)
      for (const rows of [ocsfRows(record), ocsfRows(record, [line]), ocsfRows(mergeRecords([record]))]) {
        for (const one of parse(rows)) t.strictSame(schema?.problems(one), [], event.phase)
      }
    }
  }
  const lines = [flow, followingOutcome({ flow: flow.flow })].map((event) => written(event))
  const rows = ocsfRows(
    mergeRecords(lines.map(({ record }) => record)),
    lines.map(({ line }) => line),
  )
  for (const one of parse(rows)) t.strictSame(schema?.problems(one), [])
})

t.test('any event, hostile text included, follows the schema and stays one line each', { skip }, async () => {
  fc.assert(
    fc.property(anyEvent, fc.boolean(), (event, isErased) => {
      const { line, record } = written(event, isErased)
      const rows = ocsfRows(record, [line])
      const problems = parse(rows).flatMap((one) => schema?.problems(one) ?? ['no schema'])
      if (problems.length > 0) throw new Error(problems.join('\n'))
      // biome-ignore lint: control characters are what is looked for
      return !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/u.test(rows)
    }),
    { numRuns: 200 },
  )
})

t.test('a validator that accepts everything would be found out', { skip }, async (t) => {
  const [event] = parse(ocsfRows(written(singleOutcome()).record))
  const broken: [Record<string, unknown>, RegExp][] = [
    [{ class_uid: 4711 }, /no class/u],
    [{ type_uid: 1 }, /type_uid/u],
    [{ severity_id: 1.5 }, /severity_id/u],
    [{ time: 'today' }, /is no timestamp_t/u],
    [{ metadata: { version: '1' } }, /metadata.product: required/u],
    [{ invented: 1 }, /invented: unknown attribute/u],
    [{ http_request: undefined, http_response: undefined }, /needs one of http_request/u],
    [{ action_id: 77 }, /not in its enumeration/u],
    [{ action: 'Denied', action_id: 1 }, /its name is/u],
    [{ dst_endpoint: { port: 70000, hostname: 'h' } }, /out of range/u],
    [{ src_endpoint: { ip: 'nowhere' } }, /does not match ip_t/u],
    [{ load_balancer: {} }, /profile load_balancer is off/u],
    [{ observables: [{ name: 'x', value: 'y', type_id: 2, type: 'Hostname' }] }, /no such observable/u],
    [{ proxy: { name: 'x' } }, /deprecated/u],
  ]
  for (const [changes, wanted] of broken) {
    const problems = schema?.problems(JSON.parse(JSON.stringify({ ...event, ...changes })))
    t.ok(
      problems?.some((problem) => wanted.test(problem)),
      `${wanted}: ${problems?.join('; ')}`,
    )
  }
})

t.test('an exchange with findings makes an activity and a finding that point at each other', async (t) => {
  const { record } = written(singleOutcome({ action: 'redact' }))
  const [activity, finding, ...more] = parse(ocsfRows(record))
  t.equal(more.length, 0)
  t.match(activity, {
    class_uid: 4002,
    activity_id: 6,
    action_id: 4,
    disposition_id: 11,
    metadata: { uid: record['id'] },
  })
  t.match(finding, { class_uid: 2006, severity_id: 4, metadata: { correlation_uid: record['flow'] } })
  t.match(finding, { finding_info: { related_events: [{ uid: record['id'], type_uid: 400206 }] } })
  t.not(activity?.metadata.uid, finding?.metadata.uid)
})

t.test('the fingerprint is over the event itself, and any change breaks it', async (t) => {
  const { line, record } = written(singleOutcome())
  for (const event of parse(ocsfRows(record, [line]))) {
    const [attestation] = event.attestation_list
    const { fingerprint, ...rest } = attestation ?? {}
    t.equal(lineHash(canonicalize({ ...event, attestation_list: [rest] }) ?? ''), fingerprint?.value)
    t.not(lineHash(canonicalize({ ...event, attestation_list: [rest], time: 0 }) ?? ''), fingerprint?.value)
    t.match(event, {
      raw_data_hash: { value: lineHash(line) },
      unmapped: { chain: [{ lineHash: lineHash(line), seq: 7 }] },
    })
  }
})

t.test('what is erased is gone, and the pseudonym stays', async (t) => {
  const [event] = parse(ocsfRows(written(singleOutcome({ findings: [] }), true).record))
  t.match(event, { actor: { user: { uid: 'p_x' } } })
  t.notMatch(JSON.stringify(event), /alice|10\.1\.2\.3|LT-1|berlin/u)
  t.equal(event?.['src_endpoint'], undefined)
})
