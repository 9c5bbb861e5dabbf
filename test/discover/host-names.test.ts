import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { nameSigns } from '../../src/discover/host-names.ts'
import { scoreOf } from '../../src/discover/score.ts'

const { listed, ordinary, missed } = parse(
  readFileSync(new URL('../cases/discover/names.yaml', import.meta.url), 'utf8'),
) as Record<'listed' | 'ordinary' | 'missed', string[]>

const score = (host: string): number => scoreOf(nameSigns(host)).score

t.test('names that look like AI reach the score from which they are listed', async (t) => {
  for (const host of listed) t.ok(score(host) >= 50, `${host}: ${score(host)}`)
})

t.test('ordinary names do not, and most have no sign at all', async (t) => {
  for (const host of [...ordinary, ...missed]) t.ok(score(host) < 50, `${host}: ${score(host)}`)
  t.ok(ordinary.filter((host) => score(host) === 0).length > ordinary.length / 2)
})

t.test('a sign names our word, never more of the host', async (t) => {
  t.strictSame(
    nameSigns('secret-project.chatgpt.example').map(({ name }) => name),
    ['name:chatgpt'],
  )
})
