import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { listSegments } from '../../src/audit/segments.ts'
import { signedTrail } from '../audit/tree/signed-trail.ts'
import { call } from './audit-call.ts'

interface Outside {
  readonly checkProof: (text: string, key: string) => { readonly proves: string; readonly seq?: number }
}
const outside = (await import(new URL('../../verify/weir-verify.mjs', import.meta.url).href)) as Outside

t.test(
  'a proof of a record, and of two checkpoints, is good for both verifiers until a letter of it is changed',
  async (t) => {
    const at = await signedTrail(t, 600, [100, 590])
    const line = readFileSync(listSegments(at.dir)[0]!.events, 'utf8').split('\n')[41]!
    const { id, seq } = JSON.parse(line) as { id: string; seq: number }
    const data = ['--data', '.']
    t.match(await call(at.data, 'prove', id, '--out', 'p.tlog-proof', ...data), { code: 0, stdout: '' })
    t.match(await call(at.data, 'prove', '--consistency', '100', '590', '--out', 'c', ...data), { code: 0 })
    const check = (file: string) => call(at.data, 'prove', '--check', file, '--key', at.verifierKey)
    t.match(await check('p.tlog-proof'), { code: 0, stdout: new RegExp(`good: record ${seq} of weir-`) })
    t.match(await check('c'), { code: 0, stdout: /the tree of 590 records continues that of 100/ })
    for (const name of ['p.tlog-proof', 'c']) {
      const file = join(at.data, name)
      const text = readFileSync(file, 'utf8')
      t.match(outside.checkProof(text, at.verifierKey), { proves: name === 'c' ? 'consistency' : 'inclusion' })
      for (const [from, to] of [
        [/\n([A-Za-z0-9+/]{42}=\n)/, '\nA$1'],
        [/\n590\n/, '\n591\n'],
        [/index 41/, 'index 40'],
        [/@v1\n/, '@v2\n'],
      ] as const) {
        const changed = text.replace(from, to)
        if (changed === text) continue
        writeFileSync(file, changed)
        t.match(await check(name), { code: 1, stdout: /BAD/ }, String(from))
        t.throws(() => outside.checkProof(changed, at.verifierKey), String(from))
      }
    }
  },
)

t.test('a flow gives a proof per record; what is not signed or not there is said', async (t) => {
  const at = await signedTrail(t, 12, [5])
  const lines = readFileSync(listSegments(at.dir)[0]!.events, 'utf8').split('\n')
  const { flow } = JSON.parse(lines[1]!) as { flow: string }
  t.match(await call(at.data, 'prove', flow, '--data', '.'), { code: 0, stdout: /^c2sp\.org\/tlog-proof@v1\nextra / })
  const late = (JSON.parse(lines[10]!) as { id: string }).id
  t.match(await call(at.data, 'prove', late, '--data', '.'), { code: 1, stderr: /not signed yet/ })
  t.match(await call(at.data, 'prove', '01ARZ3NDEKTSV4RRFFQ69G5FAV', '--data', '.'), { code: 1, stderr: /no record/ })
  t.match(await call(at.data, 'prove', '--consistency', '1', '5', '--data', '.'), {
    code: 1,
    stderr: /the newest are 5/,
  })
  t.match(await call(at.data, 'prove', '--data', '.'), { code: 2 })
  t.match(await call(at.data, 'prove', '--check', 'x'), { code: 2, stderr: /needs --key/ })
})
