import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { compileNeverList } from '../../src/policy/never-list.ts'

const none = (): boolean => false
const compile = (document: unknown, isAiHost: (host: string) => boolean = none) =>
  compileNeverList({ file: 'never.yaml', document }, isAiHost)
const listOf = (hosts: readonly string[]) => ({
  version: 1,
  reviewed: '2026-11-23',
  categories: [{ id: 'finance', why: 'money', hosts }],
})

t.test('a host is in the category that names it or the domain above it', async (t) => {
  const result = compile(listOf(['bank.example', '*.pay.example']))
  if (!result.ok) throw new Error('broken')
  const { categoryOf } = result.list
  t.equal(categoryOf('bank.example'), 'finance')
  t.equal(categoryOf('a.b.pay.example'), 'finance')
  for (const host of ['www.bank.example', 'pay.example', 'notpay.example']) t.equal(categoryOf(host), null, host)
})

t.test('every problem of a broken list is told with its place', async (t) => {
  const result = compile({
    version: 1,
    reviewed: 'today',
    categories: [{ id: 'F', why: '', hosts: ['https://x', '*.com', 'A.b'], who: 1 }],
  })
  t.strictSame(result.ok, false)
  t.strictSame(result.problems.map(({ path }) => path).sort(), [
    ...['categories[0].hosts[0]', 'categories[0].hosts[1]', 'categories[0].hosts[2]', 'categories[0].id'],
    ...['categories[0].who', 'categories[0].why', 'reviewed'],
  ])
})

t.test('an entry that does nothing is warned of: an AI host, or one that stands there twice', async (t) => {
  const result = compile(listOf(['ai.example', 'a.example', 'a.example']), (host) => host === 'ai.example')
  t.ok(result.ok)
  t.match(result.problems, [
    { severity: 'warning', path: 'categories[0].hosts[0]', message: /intercept\.never/u },
    { severity: 'warning', path: 'categories[0].hosts[2]', message: /twice/u },
  ])
})

t.test('the shipped list compiles without a word, says why, and holds what it says', async (t) => {
  const document: unknown = parse(readFileSync(new URL('../../rules/never.yaml', import.meta.url), 'utf8'))
  const result = compile(document)
  t.ok(result.ok)
  t.strictSame(result.problems, [])
  if (!result.ok) return
  t.equal(result.list.categoryOf('www.paypal.com'), 'finance')
  t.equal(result.list.categoryOf('www.nhs.uk'), 'health')
  t.equal(result.list.categoryOf('1-courier.push.apple.com'), 'apple')
  t.equal(result.list.categoryOf('www.google.com'), null)
})

t.test('every category of the shipped list names a page, and none holds a host of an AI tool', async (t) => {
  const rules = new URL('../../rules/', import.meta.url)
  const document = parse(readFileSync(new URL('never.yaml', rules), 'utf8')) as {
    categories: { id: string; sources: string[] }[]
  }
  for (const { id, sources } of document.categories) t.match(sources[0], /^https:\/\/\S+\.\S/u, id)
  const result = compile(document)
  if (!result.ok) throw new Error('broken')
  const bases = result.list.patterns.map((host) => host.replace('*.', 'x.'))
  let hosts = 0
  const both: string[] = []
  for (const file of readdirSync(new URL('catalogue/', rules))) {
    const { tools } = parse(readFileSync(new URL(`catalogue/${file}`, rules), 'utf8')) as {
      tools: { id: string; endpoints?: { host: string }[] }[]
    }
    for (const { id, endpoints = [] } of tools) {
      for (const { host } of endpoints) {
        hosts++
        const isOver = host.startsWith('/') ? new RegExp(host.slice(1, -1), 'u') : null
        const isInside = (base: string): boolean =>
          isOver === null ? host.startsWith('*.') && base.endsWith(host.slice(1)) : isOver.test(base)
        const isNever = isOver === null && result.list.categoryOf(host.replace('*.', 'x.')) !== null
        if (isNever || bases.some(isInside)) both.push(`${id}: ${host}`)
      }
    }
  }
  t.strictSame(both, [])
  t.ok(hosts > 300, `${hosts} hosts of tools`)
})
