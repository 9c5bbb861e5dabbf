import { randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import { makeEvidencePack } from '../../../src/audit/report/evidence-pack.ts'
import { listSegments } from '../../../src/audit/segments.ts'
import { signerOf } from '../../../src/audit/tree/checkpoint-key.ts'
import { skipWithoutDebian } from '../../helpers/debian.ts'
import { admin, config, followingOutcome, intent, singleOutcome, tunnel } from '../events.ts'
import { optionsOf, signed, unpacked, verify } from './packed.ts'

const skip = skipWithoutDebian('unzip')
const at = (hour: number): string => `2026-11-22T${String(hour).padStart(2, '0')}:00:00.000Z`
const first = intent({ time: at(10) })
const events = [
  tunnel({ time: '2026-11-21T10:00:00.000Z' }),
  tunnel({ time: '2026-11-21T11:00:00.000Z' }),
  first,
  followingOutcome({ flow: first.flow, time: at(10) }),
  singleOutcome({ time: at(11), tool: 'claude-code' }),
  config({ time: at(12) }),
  tunnel({ time: '2026-11-23T10:00:00.000Z' }),
  admin({ time: at(13) }),
]

t.test('a pack holds the range, and a stranger can check all of it', { skip }, async (t) => {
  const data = await signed(t, events, [2, 8])
  const dir = await unpacked(data, { languages: ['en'] })
  const names = readdirSync(dir)
  for (const name of [
    'README.txt',
    'events.jsonl',
    'events.csv',
    'persons.jsonl',
    'summary.html',
    'summary.pdf',
    'manifest.sig',
  ])
    t.ok(names.includes(name), name)
  const lines = readFileSync(join(dir, 'events.jsonl'), 'utf8').trim().split('\n')
  t.strictSame(
    lines.map((line) => JSON.parse(line).seq),
    [3, 4, 5, 6, 8],
  )
  t.match(JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')), {
    format: 'weir-evidence-pack-1',
    records: 5,
    gaps: 0,
    proof: { kind: 'tree', covered: 5, newer: 0 },
  })
  const checked = verify(dir)
  t.equal(checked.code, 0, checked.out)
  for (const words of ['signed by weir-', 'records 3 to 8 of n1-w0', 'continues the signed tree of 2'])
    t.match(checked.out, words)
  t.equal(verify(join(data.data, 'pack.zip')).code, 0, 'the zip itself, too')
})

t.test('whatever is changed, removed, added or moved in a pack is named', { skip }, async (t) => {
  const data = await signed(t, events, [2, 8])
  const dir = await unpacked(data)
  const file = (name: string): string => join(dir, name)
  const change = (name: string, make: (text: string) => string) => {
    const before = readFileSync(file(name))
    writeFileSync(file(name), make(before.toString('utf8')))
    const checked = verify(dir)
    writeFileSync(file(name), before)
    return checked
  }
  const lines = (edit: (lines: string[]) => string[]) => (text: string) =>
    `${edit(text.trim().split('\n')).join('\n')}\n`
  for (const [name, make, words] of [
    ['events.jsonl', (text: string) => text.replace('claude-code', 'claude-c0de'), 'events.jsonl: was changed'],
    ['events.jsonl', lines((all) => all.toSpliced(2, 1)), 'record 5 of n1-w0 is missing'],
    ['events.jsonl', lines((all) => [...all, all[0] ?? '']), 'stands at the wrong place'],
    ['events.jsonl', lines(([a = '', b = '', ...rest]) => [b, a, ...rest]), 'stands at the wrong place'],
    ['coverage.json', (text: string) => text.replace('1', '2'), 'coverage.json: was changed'],
    ['manifest.json', (text: string) => text.replace('ACME', 'ACNE'), 'manifest.json: was changed after it was signed'],
    ['manifest.sig', (text: string) => text.replace(/.{6}\n$/u, 'AAAAA=\n'), 'signature does not fit'],
    ['proofs/n1-w0.checkpoint', (text: string) => text.replace('\n8\n', '\n9\n'), 'not signed by the key'],
  ] as const) {
    const { code, out } = change(name, make)
    t.equal(code, 1, name)
    t.match(out, words)
  }
  const persons = change('persons.jsonl', (text) => text.replace('\\"v\\":', '\\"w\\":'))
  t.match(persons.out, 'is not the one whose digest')
  mkdirSync(file('proofs/more'))
  for (const name of ['extra.txt', 'proofs/more/n9.json', '.hidden']) {
    writeFileSync(file(name), '{}')
    t.match(verify(dir), { code: 1, out: `${name}: is in the pack, but not in the manifest` })
    rmSync(file(name))
  }
  t.equal(verify(dir).code, 0, 'an empty folder says nothing')
  rmSync(file('persons.jsonl'))
  t.match(verify(dir), { code: 1, out: /persons\.jsonl: is missing/u })
})

t.test('events that fit their manifest but not the signed tree are named', { skip }, async (t) => {
  const data = await signed(t, events, [8])
  // Whoever holds the data folder changes a record after it was sealed, and makes a pack of that.
  const segment = join(data.dir, 'events-n1-w0-000000000001.jsonl')
  writeFileSync(segment, readFileSync(segment, 'utf8').replace('claude-code', 'claude-c0de'))
  const checked = verify(await unpacked(data))
  t.equal(checked.code, 1)
  t.match(checked.out, 'are not those that the checkpoint fixed')
})

t.test('a pack signed by another key is told from ours when the key is known', { skip }, async (t) => {
  const ours = await signed(t, events, [8])
  const dir = await unpacked(ours)
  const key = signerOf(randomBytes(32), 'evidence-pack').verifierKey
  t.match(verify(dir, '--key', key), { code: 1, out: /is not the key that you gave/u })
  t.equal(verify(dir, '--key', optionsOf(ours).signer?.verifierKey ?? '').code, 0)
  t.equal(verify(dir, '--key', 'no key').code, 2)
})

t.test('without key and tree the pack says what it lacks', { skip }, async (t) => {
  const data = await signed(t, events, [])
  const dir = await unpacked(data, { signer: null, languages: ['en', 'zh-CN'] })
  const { notes } = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as { notes: string[] }
  t.match(notes.join('\n'), /no signed checkpoint[\s\S]*fonts-noto-cjk[\s\S]*not signed/u)
  t.ok(existsSync(join(dir, 'summary.zh-CN.html')))
  t.notOk(existsSync(join(dir, 'summary.zh-CN.pdf')))
  t.match(verify(dir), { code: 0, out: /NOT SIGNED[\s\S]*proof: NONE/u })
})

t.test('under a privacy mode no name is in any file', { skip }, async (t) => {
  const data = await signed(t, events, [8])
  const dir = await unpacked(data, {
    privacy: 'pseudonymous',
    languages: ['en'],
    query: { text: 'user:alice tool:claude-code', flows: new Set(events.map(({ flow }) => flow)) },
  })
  t.match(JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')), {
    query: 'user:[removed] tool:claude-code',
  })
  t.notOk(existsSync(join(dir, 'persons.jsonl')))
  for (const name of readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()))
    t.notMatch(readFileSync(join(name.parentPath, name.name), 'latin1'), /alice|10\.1\.2\.3|LT-1/u, name.name)
})

t.test('the same events make the same bytes', async (t) => {
  const data = await signed(t, events, [8])
  for (const out of ['1.zip', '2.zip'])
    await makeEvidencePack(optionsOf(data, { out: join(data.data, out), languages: ['en'] }))
  t.ok(readFileSync(join(data.data, '1.zip')).equals(readFileSync(join(data.data, '2.zip'))))
})

t.test('a pack that is interrupted leaves nothing behind', async (t) => {
  const data = await signed(t, events, [8])
  const abort = new AbortController()
  const progress = (): void => abort.abort(new Error('interrupted'))
  await t.rejects(makeEvidencePack(optionsOf(data, { abort: abort.signal, progress })), /interrupted/u)
  t.strictSame(
    readdirSync(data.data).filter((name) => name.includes('pack')),
    [],
  )
})

t.test('lines of a file that are no records do not get into a pack, and are told', { skip }, async (t) => {
  const data = await signed(t, events, [8])
  appendFileSync(join(data.dir, 'events-n1-w0-000000000001.jsonl'), '<script>\n')
  const dir = await unpacked(data)
  t.equal(JSON.parse(readFileSync(join(dir, 'coverage.json'), 'utf8')).gapCount, 1)
  t.equal(verify(dir).code, 0)
})

t.test(
  'a damaged file ends no pack: it is named in all its parts, and the verifier accepts exactly that',
  { skip },
  async (t) => {
    const data = await signed(t, events, [2, 8], 900)
    const segments = listSegments(data.dir)
    const broken = segments.find(({ firstSeq }) => firstSeq > 3)
    const next = segments.find(({ firstSeq }) => firstSeq > (broken?.firstSeq ?? 0))
    const file = broken?.events ?? ''
    rmSync(file)
    mkdirSync(file)
    const dir = await unpacked(data, { languages: ['en', 'zh-CN'] })
    const said = {
      file: basename(file),
      why: 'it is no regular file',
      missing: 'records',
      firstSeq: broken?.firstSeq,
      lastSeq: (next?.firstSeq ?? 0) - 1,
      signedSize: 8,
    }
    const manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8'))
    t.match(manifest, { damaged: [said], notes: [/cannot be read \(it is no regular file\)/u], gaps: 0 })
    t.match(JSON.parse(readFileSync(join(dir, 'coverage.json'), 'utf8')), { damaged: [said], gapCount: 0 })
    t.match(readFileSync(join(dir, 'summary.html'), 'utf8'), /THIS PACK IS INCOMPLETE[\s\S]*it is no regular file/u)
    t.match(readFileSync(join(dir, 'summary.zh-CN.html'), 'utf8'), '本证据包不完整')
    t.notMatch(readFileSync(join(dir, 'summary.html'), 'utf8'), 'without a gap')
    const checked = verify(dir)
    t.equal(checked.code, 0, checked.out)
    t.match(
      checked.out,
      `DAMAGED: ${basename(file)} (it is no regular file): records ${said.firstSeq} to ${said.lastSeq} of n1-w0`,
    )
    t.match(checked.out, 'but the pack is incomplete: 1 files')
    const claim = (change: (text: Record<string, never>) => unknown): string => {
      const path = join(dir, 'manifest.json')
      const before = readFileSync(path)
      writeFileSync(path, JSON.stringify(change(JSON.parse(before.toString()))))
      const { code, out } = verify(dir)
      writeFileSync(path, before)
      t.equal(code, 1)
      return out
    }
    // Whoever holds the key may sign anything: what is claimed must still fit what is here.
    t.match(
      claim(({ damaged: _, ...rest }) => rest),
      /records of n1-w0 are left out between others, the manifest says 1/u,
    )
    t.match(
      claim((all) => ({ ...all, damaged: [{ ...said, stream: 'n1-w0', firstSeq: 3 }] })),
      'record 3 of n1-w0 is here',
    )
  },
)

t.test('a tree that cannot be read ends no pack either', { skip }, async (t) => {
  const data = await signed(t, events, [8])
  rmSync(join(data.dir, 'tree', 'n1-w0', 'tile'), { recursive: true })
  const dir = await unpacked(data)
  const { notes } = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as { notes: string[] }
  t.match(notes, [/the tree of stream n1-w0 cannot be read .*: proofs\/ does not have it/u])
  t.match(verify(dir), { code: 0, out: /proof: NONE/u })
})
