import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sealContent } from '../../src/audit/sealed/seal-content.ts'
import { run } from '../../src/cli/audit-share.ts'
import { makeAuditors } from '../audit/sealed/auditors.ts'
import { fakeIo } from './fake-io.ts'

t.test('an auditor sees what he shares and why; a key that nothing is sealed to gives nothing', async (t) => {
  const dir = t.testdir({})
  const [ann, eve, reader] = await makeAuditors('ann', 'eve', 'reader')
  const to = { auditors: [ann!.publicKey], threshold: 1 }
  const sealed = await sealContent(
    { flow: '01F', part: 'request', contentType: null, isCut: false },
    Buffer.from('x'),
    to,
  )
  const reason = 'case \u001b[31m7'
  const made = { v: 1, flow: '01F', reason, reader: JSON.parse(reader!.publicText), texts: [sealed] }
  const files = { case: JSON.stringify(made), 'ann.key': ann!.privateText, 'eve.key': eve!.privateText, bad: '{}' }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  const io = fakeIo(dir)
  t.equal(await run(['share', 'case', '--key', 'ann.key', '--out', 'ann.share'], io), 0)
  t.match(io.err(), 'event 01F, reason: case \\u001b[31m7')
  const other = fakeIo(dir)
  t.equal(await run(['share', 'case', '--key', 'eve.key', '--out', 'eve.share'], other), 1)
  t.match(other.err(), /nothing in this case is sealed to this key/)
  t.equal(await run(['share', 'bad', '--key', 'ann.key', '--out', 'b'], fakeIo(dir)), 3)
  t.equal(await run(['share', 'absent', '--key', 'ann.key', '--out', 'b'], fakeIo(dir)), 3)
  t.equal(await run(['share', 'case'], fakeIo(dir)), 2)
})
