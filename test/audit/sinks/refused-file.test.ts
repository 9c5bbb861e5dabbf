import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { addRefusal, refusedFile } from '../../../src/audit/sinks/refused-file.ts'

const refusal = { id: 'A', stream: 'n1-w0', seq: 4, time: '2026-11-23T10:00:00.000Z', why: 'status 400' }

t.test('refusals are lines, one behind the other', async (t) => {
  const file = refusedFile(join(t.testdir({}), 'sinks'), 'siem')
  await addRefusal(file, refusal)
  await addRefusal(file, { ...refusal, id: 'B' })
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  t.strictSame(
    lines.map((line) => JSON.parse(line) as unknown),
    [refusal, { ...refusal, id: 'B' }],
  )
  t.equal(statSync(file).mode & 0o777, 0o600)
})

t.test('a file that is full grows no more', async (t) => {
  const file = refusedFile(t.testdir({}), 'siem')
  writeFileSync(file, Buffer.alloc(17 * 1024 * 1024, 'x'))
  await addRefusal(file, refusal)
  t.equal(statSync(file).size, 17 * 1024 * 1024)
})
