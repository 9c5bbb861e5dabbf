import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { listSegments } from '../../../src/audit/segments.ts'
import type { IsErased } from '../../../src/audit/tree/erased-persons.ts'
import { PersonDigests } from '../../../src/audit/tree/person-digests.ts'
import { config, tunnel } from '../events.ts'
import { filled } from '../filled.ts'

const placeOf = (line: string) => ({ bytes: Buffer.from(line), from: 0, to: Buffer.byteLength(line) })
const digestIn = (line: string): string => (JSON.parse(line) as { whoDigest: string }).whoDigest

t.test('persons are present, erased, removed or changed, in any order', async (t) => {
  const at = await filled(t, [tunnel(), config(), tunnel(), tunnel()])
  const { events, personal } = listSegments(at.dir)[0]!
  const lines = readFileSync(events, 'utf8')
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.includes('whoDigest'))
  let isErased: IsErased | null = null
  const statesOf = () => {
    const digests = new PersonDigests(personal, isErased)
    const states = lines.map((line) => digests.check(placeOf(line), digestIn(line)))
    digests.close()
    return states
  }
  t.same(statesOf(), ['present', 'present', 'present'])
  const [first, second, third] = readFileSync(personal, 'utf8').split('\n')
  isErased = (who) => first!.includes(who)
  t.same(statesOf(), ['erased', 'erased', 'erased'], 'all are of one subject')
  isErased = () => false
  writeFileSync(personal, `${third}\n${first}\n`)
  t.same(statesOf(), ['present', 'removed', 'present'])
  writeFileSync(personal, `${first}\n${second}x\n${third}\n`)
  t.same(statesOf(), ['present', 'changed', 'present'])
  rmSync(personal)
  t.same(statesOf(), ['removed', 'removed', 'removed'])
})

t.test('a second personal line of one id is found, however it is written', async (t) => {
  const at = await filled(t, [tunnel(), tunnel()])
  const { events, personal } = listSegments(at.dir)[0]!
  const lines = readFileSync(events, 'utf8').split('\n').slice(0, -1)
  const text = readFileSync(personal, 'utf8')
  const { id } = JSON.parse(lines[1]!) as { id: string }
  const repeated = () => {
    const digests = new PersonDigests(personal, null)
    for (const line of lines) t.equal(digests.check(placeOf(line), digestIn(line)), 'present')
    const ids = [...digests.repeatedIds()]
    digests.close()
    return ids
  }
  t.same(repeated(), [])
  for (const more of [
    '{"v":1, "id" : "ID" , "user":"eve"}',
    '{"user":"\\"id\\":\\"","id":"ID"}',
    '{"v":2,"id":"ID"}',
  ]) {
    writeFileSync(personal, `${text}${more.replace('ID', id)}\n`)
    t.same(repeated(), [id], more)
  }
  for (const harmless of ['nonsense', 'null', '[]', '{"id":7}', '{"v":2,"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}']) {
    writeFileSync(personal, `${text}${harmless}\n`)
    t.same(repeated(), [], harmless)
  }
})
