import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import t from 'tap'
import { EXPORT_FORMAT_NAMES } from '../../src/audit/export/formats.ts'
import { readRecord } from '../../src/audit/merge-records.ts'
import { createPersonReader } from '../../src/audit/person-reader.ts'
import { createRenderer } from '../../src/audit/sinks/render.ts'
import { run } from '../../src/cli/audit.ts'
import type { CliIo } from '../../src/cli/cli-io.ts'
import { tunnel } from '../audit/events.ts'
import { call, setUp } from './audit-call.ts'

t.test('export gives everything, oldest first, page by page', async (t) => {
  const at = await setUp(t)
  for (let i = 0; i < 532; i++) at.spool.appendSoon(tunnel({ time: `2026-11-22T13:00:0${i < 12 ? 0 : 1}.000Z` }))
  await at.spool.drain()
  const lines = (await call(at.data, 'export', '--data', '.')).stdout.trimEnd().split('\n')
  t.equal(lines.length, 535)
  t.match(JSON.parse(lines[0] ?? ''), { flow: /^0/u, time: '2026-11-22T10:00:00.000Z' })
  t.equal((await call(at.data, 'export', '--data', '.', '--limit', '501')).stdout.trimEnd().split('\n').length, 501)
  t.match((await call(at.data, 'export', '--data', '.', '--format', 'table', '--limit', '1')).stdout, /^TIME/u)
})

t.test('every format goes to the terminal or into a file, the same both ways', async (t) => {
  const at = await setUp(t)
  for (const format of EXPORT_FORMAT_NAMES) {
    const shown = await call(at.data, 'export', '--data', '.', '--format', format)
    t.equal(shown.code, 0, shown.stderr)
    const saved = await call(at.data, 'export', '--data', '.', '--format', format, '--out', `all.${format}`)
    t.match(saved.stdout, /^3 exchanges in `.*all\.\w+`\n$/u)
    t.equal(readFileSync(join(at.data, `all.${format}`), 'utf8'), shown.stdout, format)
  }
  t.strictSame(
    readdirSync(at.data).filter((name) => name.includes('.part')),
    [],
  )
})

t.test('a file that is there is replaced only when that was asked for', async (t) => {
  const at = await setUp(t)
  writeFileSync(join(at.data, 'a.csv'), 'kept')
  const args = ['export', '--data', '.', '--format', 'csv', '--out', 'a.csv']
  t.match(await call(at.data, ...args), { code: 3, stderr: /a\.csv` is there already: --force replaces it/u })
  t.equal(readFileSync(join(at.data, 'a.csv'), 'utf8'), 'kept')
  t.equal((await call(at.data, ...args, '--force')).code, 0)
  t.match(readFileSync(join(at.data, 'a.csv'), 'utf8'), 'openai-codex')
})

t.test('an OCSF event of a single record is byte for byte what the sinks send of it', async (t) => {
  const at = await setUp(t)
  const rows = (await call(at.data, 'export', '--data', '.', '--format', 'ocsf')).stdout.trimEnd().split('\n')
  const lines = readFileSync(join(at.dir, 'events-n1-w0-000000000001.jsonl'), 'utf8').trimEnd().split('\n')
  const render = createRenderer('ocsf')
  const readPerson = createPersonReader(at.data)
  const personal = readFileSync(join(at.dir, 'personal-n1-w0-000000000001.jsonl'), 'utf8').trimEnd().split('\n')
  for (const line of lines.slice(2)) {
    const { id, time, phase } = JSON.parse(line) as { id: string; time: string; phase: string }
    const own = personal.find((each) => each.includes(id)) ?? null
    const record = readRecord({ line, personal: own }, readPerson)
    for (const { text } of render({ id, time, phase, record, line })) t.ok(rows.includes(text), phase)
    const found = rows.map((row) => JSON.parse(row)).find(({ metadata }) => metadata.uid.startsWith(id))
    t.match(found, { raw_data_hash: { value: createHash('sha256').update(line).digest('hex') } })
  }
  const merged = rows.map((row) => JSON.parse(row)).find(({ unmapped }) => unmapped?.chain?.length === 2)
  t.equal(merged.raw_data_hash, undefined, 'two lines have no one hash')
  t.strictSame(
    merged.unmapped.chain.map(({ lineHash }: { lineHash: string }) => lineHash),
    lines.slice(0, 2).map((line) => createHash('sha256').update(line).digest('hex')),
  )
})

t.test('parquet goes to a file or a pipe, and to no terminal', async (t) => {
  const at = await setUp(t)
  const args = ['export', '--data', '.', '--format', 'parquet']
  const refused = await call(at.data, ...args)
  t.match(refused, { code: 2, stdout: '', stderr: /parquet is binary .* name a file with --out, or pipe it on/u })
  const bytes: Uint8Array[] = []
  const io: CliIo = {
    stdout: () => t.fail('no text among the bytes'),
    stdoutBytes: (part) => bytes.push(part),
    stderr: (text) => t.comment(text),
    env: {},
    cwd: at.data,
  }
  t.equal(await run(args, { ...io, isTerminal: true, stderr: () => undefined }), 2)
  t.equal(await run(args, io), 0)
  const done = await call(at.data, 'export', '--data', '.', '--format', 'parquet', '--out', 'x.parquet', '--json')
  t.match(JSON.parse(done.stdout), { exchanges: 3, file: join(at.data, 'x.parquet') })
  const file = new Uint8Array(readFileSync(join(at.data, 'x.parquet'))).buffer
  t.ok(Buffer.concat(bytes).equals(readFileSync(join(at.data, 'x.parquet'))), 'the pipe got the same')
  const rows = await parquetReadObjects({ compressors: { ZSTD: (page) => zstdDecompressSync(page) }, file })
  t.equal(rows.length, 3)
  t.match(rows[0], { tool: 'openai-codex', time: new Date('2026-11-22T10:00:00.000Z') })
})

t.test('all mistakes are told at once, and a file that cannot be written is told', async (t) => {
  const at = await setUp(t)
  const wrong = await call(at.data, 'export', '--data', '.', '--format', 'xml', '--limit', '0')
  t.match(wrong, { code: 2, stderr: /--limit[^]*--format `xml` is not one of jsonl, csv, ocsf, ecs, cef, parquet/u })
  t.match(await call(at.data, 'export', '--data', '.', '--out', 'no/such/folder'), { code: 3, stderr: /ENOENT/u })
})

t.test('a question in the search language chooses what is exported', async (t) => {
  const at = await setUp(t)
  const asked = await call(at.data, 'export', '--data', '.', 'tool:*codex', '--format', 'jsonl')
  t.match(JSON.parse(asked.stdout), { flow: at.first.flow })
  t.match(await call(at.data, 'export', '--data', '.', 'tol:x'), { code: 2, stdout: '', stderr: /\^\n/u })
})

t.test('an event file that cannot be read is named, and the rest is exported', async (t) => {
  const at = await setUp(t)
  writeFileSync(join(at.dir, 'events-n1-w0-000000000001.jsonl.zst'), 'no frames')
  writeFileSync(join(at.dir, 'events-n2-w0-000000000001.jsonl.zst'), 'no frames')
  const done = await call(at.data, 'export', '--data', '.')
  t.match(done, { code: 1, stderr: /`events-n2-w0-\S+` cannot be read: .*: the export is without it\n/u })
  t.equal(done.stdout.trimEnd().split('\n').length, 3)
})
