import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { NEW_STATE, readState, setStateAside, stateFile, writeState } from '../../../src/audit/sinks/state-file.ts'

const STATE = {
  ...NEW_STATE,
  streams: { 'n1-w0': { segment: 1, offset: 40, line: 2, personal: 7, seq: 9 } },
  delivered: 9,
}

t.test('what was written is read again; nothing else is left in the folder', async (t) => {
  const folder = join(t.testdir({}), 'sinks')
  const file = stateFile(folder, 'siem')
  t.strictSame(readState(file), { kind: 'none' })
  await writeState(file, { ...STATE, delivered: 1 })
  await writeState(file, STATE)
  t.strictSame(readState(file), { kind: 'state', state: STATE })
  t.strictSame(readdirSync(folder), ['siem.json'])
  t.equal(statSync(file).mode & 0o777, 0o600)
})

t.test('a write that was cut short leaves the state before', async (t) => {
  const file = stateFile(t.testdir({}), 'siem')
  await writeState(file, STATE)
  writeFileSync(`${file}.next`, '{"v":1,"str')
  t.strictSame(readState(file), { kind: 'state', state: STATE })
  await writeState(file, { ...STATE, delivered: 10 })
  t.match(readState(file), { state: { delivered: 10 } })
})

t.test('anything else is broken, and can be put out of the way', async (t) => {
  const file = stateFile(t.testdir({}), 'siem')
  const cursor = { segment: 1, offset: -1, line: 0, personal: 0, seq: 1 }
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"v":2,"streams":{},"checkpoints":[]}',
    '{"v":1,"streams":{"a":null},"checkpoints":[]}',
    JSON.stringify({ v: 1, streams: { a: cursor }, checkpoints: [] }),
  ]) {
    writeFileSync(file, text)
    t.strictSame(readState(file), { kind: 'broken' }, text)
  }
  setStateAside(file)
  t.equal(existsSync(file), false)
  t.equal(existsSync(`${file}.broken`), true)
})

t.test('no text makes it throw', async (t) => {
  const file = stateFile(t.testdir({}), 'siem')
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      writeFileSync(file, text)
      return readState(file).kind === 'broken'
    }),
    { numRuns: 50 },
  )
})
