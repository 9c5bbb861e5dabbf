import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { listSegments } from '../../../src/audit/segments.ts'
import { PersonDigests } from '../../../src/audit/tree/person-digests.ts'
import { config, tunnel } from '../events.ts'
import { filled } from '../filled.ts'

t.test('persons are present, erased or changed, in any order', async (t) => {
  const at = await filled(t, [tunnel(), config(), tunnel(), tunnel()])
  const { events, personal } = listSegments(at.dir)[0]!
  const lines = readFileSync(events, 'utf8')
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.includes('whoDigest'))
  const statesOf = () => {
    const digests = new PersonDigests(personal)
    return lines.map((line) => digests.check(Buffer.from(line), (JSON.parse(line) as { whoDigest: string }).whoDigest))
  }
  t.same(statesOf(), ['present', 'present', 'present'])
  const [first, second, third] = readFileSync(personal, 'utf8').split('\n')
  writeFileSync(personal, `${third}\n${first}\n`)
  t.same(statesOf(), ['present', 'erased', 'present'])
  writeFileSync(personal, `${first}\n${second}x\n${third}\n`)
  t.same(statesOf(), ['present', 'changed', 'present'])
  rmSync(personal)
  t.same(statesOf(), ['erased', 'erased', 'erased'])
})
