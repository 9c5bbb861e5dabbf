import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { findSealed, readContent, vouchedFor } from '../../../src/audit/sealed/find-sealed.ts'
import { decryptWith, openContent } from '../../../src/audit/sealed/seal-content.ts'
import { createSealer, sealedFile } from '../../../src/audit/sealed/sealed-file.ts'
import { makeAuditors } from './auditors.ts'

const client = { address: '10.0.0.1', user: 'ann', groups: [], device: null, network: null, assurance: 'none' } as const
const request = { flow: '01KFLOW', part: 'request', client, contentType: 'text/plain', isCut: false } as const

async function setUp(t: Test, time = '2026-11-22T10:00:00.000Z') {
  const dir = t.testdir({})
  const [auditor] = await makeAuditors('ann')
  const said: string[] = []
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (_: object, event: string) => said.push(event),
  }
  const at = { time }
  const open = () =>
    createSealer({
      dir,
      to: { auditors: [auditor!.publicKey], threshold: 1 },
      maxBytes: 1000,
      lock: {
        lock: (_client, text) => Promise.resolve({ who: 'p_1', locked: Buffer.from(text).toString('base64url') }),
      },
      clock: { nowIso: () => at.time },
      log,
    })
  const textOf = async (locked: string): Promise<string> => {
    const content = readContent(Buffer.from(locked, 'base64url').toString())
    const share = await decryptWith(content.shares[0]!.jwe, auditor!.privateKey.key)
    return Buffer.from(await openContent(content, [share])).toString()
  }
  return { dir, open, at, said, textOf, sealer: open() }
}

const ms = Date.parse('2026-11-22T10:00:00Z')

t.test('what was sealed is found by its flow, fits the digest that its event says, and opens', async (t) => {
  const { dir, sealer, textOf } = await setUp(t)
  const texts = ['one', 'two', 'three']
  const parts = await Promise.all(
    texts.map((text, index) => sealer.seal({ ...request, flow: `f${index}`, text: Buffer.from(text) })),
  )
  await sealer.close()
  for (const [index, text] of texts.entries()) {
    const found = vouchedFor(await findSealed(dir, `f${index}`, ms), [parts[index]!])
    t.equal(found.length, 1)
    t.equal(await textOf(found[0]!.line.locked), text)
  }
  t.equal(statSync(sealedFile(dir, '2026-11-22')).mode & 0o777, 0o600)
})

t.test('each day has its file, and an exchange that went on past midnight is found', async (t) => {
  const { dir, sealer, at } = await setUp(t, '2026-11-22T23:59:59.999Z')
  await sealer.seal({ ...request, text: Buffer.from('a') })
  at.time = '2026-11-23T00:00:01.000Z'
  await sealer.seal({ ...request, part: 'response', text: Buffer.from('b') })
  await sealer.close()
  t.equal(readFileSync(sealedFile(dir, '2026-11-22'), 'utf8').trimEnd().split('\n').length, 1)
  const found = await findSealed(dir, request.flow, Date.parse('2026-11-23T00:00:01Z'), ms)
  t.same(
    found.map(({ line }) => line.part),
    ['request', 'response'],
  )
})

t.test('a line that was changed or put in is not vouched for by the event', async (t) => {
  const { dir, sealer } = await setUp(t)
  const part = await sealer.seal({ ...request, text: Buffer.from('a') })
  await sealer.close()
  const file = sealedFile(dir, '2026-11-22')
  const line = readFileSync(file, 'utf8')
  writeFileSync(file, line.replace('"who":"p_1"', '"who":"p_2"'))
  t.same(vouchedFor(await findSealed(dir, request.flow, ms), [part]), [])
  t.same(await findSealed(dir, 'nobody', ms), [])
  t.same(await findSealed(dir, request.flow, Date.parse('2025-01-01T00:00:00Z')), [])
})

t.test('what a killed process left half written harms neither the line after it nor readers', async (t) => {
  const { dir, sealer, open } = await setUp(t)
  await sealer.seal({ ...request, text: Buffer.from('a') })
  await sealer.close()
  appendFileSync(sealedFile(dir, '2026-11-22'), `{"v":1,"flow":"${request.flow}","par`)
  const next = open()
  await next.seal({ ...request, part: 'response', text: Buffer.from('b') })
  await next.close()
  t.equal((await findSealed(dir, request.flow, ms)).length, 2)
})

t.test('a disk that takes nothing costs the text and is said, and the next text is tried again', async (t) => {
  const { dir, sealer, said } = await setUp(t)
  rmSync(join(dir, 'sealed'), { recursive: true })
  writeFileSync(join(dir, 'sealed'), 'in the way')
  t.same(await sealer.seal({ ...request, text: Buffer.from('a') }), { part: 'request', digest: null })
  t.same(said, ['audit.seal-failed'])
  rmSync(join(dir, 'sealed'))
  mkdirSync(join(dir, 'sealed'))
  t.match(await sealer.seal({ ...request, text: Buffer.from('a') }), { digest: /^[0-9a-f]{64}$/ })
  await sealer.close()
})

t.test('more than may wait is not sealed, and said', async (t) => {
  const { sealer, said } = await setUp(t)
  const text = Buffer.alloc(40 * 1024 * 1024)
  const parts = await Promise.all([1, 2].map(() => sealer.seal({ ...request, text })))
  t.equal(parts.filter(({ digest }) => digest === null).length, 1)
  t.same(said, ['audit.seal-over-capacity'])
  await sealer.close()
})
