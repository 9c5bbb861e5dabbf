/** Keys of `audit.sinks`: where records are sent on to. Secrets are only ever named by their file. */
import { z } from 'zod'
import { parseRecordFilter } from '../domain/record-filter.ts'
import { path } from './value-schemas.ts'

const ms = (preset: number) => z.int().min(10).max(3_600_000).default(preset)
const file = path.nullable().default(null)

const common = {
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/u, '1 to 40 of a-z, 0-9 and -')
    .describe('Of its files and metrics; a sink that keeps its name goes on where it was.'),
  format: z.enum(['jsonl', 'ocsf', 'ecs', 'cef']).default('jsonl').describe('How a record is written.'),
  from: z.enum(['start', 'now']).default('now').describe('Where a new sink begins.'),
  persons: z.boolean().default(true).describe('Send who it was; `false`: only the pseudonym.'),
  filter: z.string().nullable().default(null).describe('Which records, as a search; `null`: all.'),
  batchEvents: z.int().min(1).max(10_000).default(500).describe('Most records of one delivery.'),
  batchBytes: z.int().min(1024).max(67_108_864).default(1_048_576).describe('Most bytes of one delivery.'),
  batchMs: z.int().min(0).max(60_000).default(1000).describe('How long a new record waits for company.'),
  timeoutMs: ms(30_000).describe('Longest pause of the receiver.'),
}

const tlsFiles = { caFile: file, certFile: file, keyFile: file }

/** No user and password in it: they would stand in the file. */
const receiverUrl = z.string().refine((text) => {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/u.test(url.protocol) || url.hostname === '') return false
  return url.username === '' && url.password === '' && url.hash === ''
}, 'an address such as https://siem.example.com:8088; secrets belong in `tokenFile`')

const syslog = z.strictObject({
  ...common,
  kind: z.literal('syslog'),
  host: z.string().regex(/^[\w.:-]{1,253}$/u, 'a host name or address'),
  port: z.int().min(1).max(65_535).default(6514),
  tls: z.boolean().default(true),
  ...tlsFiles,
  facility: z.int().min(0).max(23).default(13),
  confirm: z.enum(['close', 'none']).default('close'),
})

const hec = z.strictObject({
  ...common,
  kind: z.literal('hec'),
  url: receiverUrl,
  tokenFile: path,
  ...tlsFiles,
  index: z.string().min(1).max(80).nullable().default(null),
  sourcetype: z.string().min(1).max(80).default('weir:audit'),
  ackMs: ms(120_000),
})

const otlp = z.strictObject({ ...common, kind: z.literal('otlp'), url: receiverUrl, tokenFile: file, ...tlsFiles })

const webhook = z.strictObject({
  ...common,
  kind: z.literal('webhook'),
  url: receiverUrl,
  secretFile: path,
  tokenFile: file,
  ...tlsFiles,
})

const copy = z.strictObject({
  ...common,
  kind: z.literal('file'),
  file: path,
  maxBytes: z.int().min(1024).max(1_099_511_627_776).default(268_435_456),
  keep: z.int().min(1).max(100_000).nullable().default(null),
})

/** Receivers of records, each with a name of its own. */
export const sinks = z
  .array(z.discriminatedUnion('kind', [syslog, hec, otlp, webhook, copy]))
  .max(16)
  .superRefine((all, context) => {
    for (const [index, { name }] of all.entries()) {
      if (all.findIndex((each) => each.name === name) === index) continue
      context.addIssue({ code: 'custom', path: [index, 'name'], message: `another sink is called \`${name}\`` })
    }
    for (const [index, sink] of all.entries()) {
      if (sink.kind === 'file' || (sink.certFile === null) === (sink.keyFile === null)) continue
      context.addIssue({ code: 'custom', path: [index], message: '`certFile` and `keyFile` belong together' })
    }
    for (const [index, { name, filter, persons }] of all.entries()) {
      const parsed = filter === null ? null : parseRecordFilter(filter, { hasPersons: persons })
      if (parsed === null || parsed.ok) continue
      const message = `the filter of \`${name}\`, character ${parsed.at + 1}: ${parsed.message}`
      context.addIssue({ code: 'custom', path: [index, 'filter'], message })
    }
  })
  .default([])
