import t from 'tap'
import { compileNotices } from '../../src/notice/compile.ts'
import { shippedSources } from './inputs.ts'

const source = (file: string, document: unknown) => ({ file, document, lineOf: (path: string) => path.length })

const texts = {
  title: '{tool}',
  line: '{tool} {ask} {event}',
  instead: '{tools}',
  tiers: { approved: 'a', monitored: 'm', restricted: 'r', prohibited: 'p' },
}

t.test('the shipped files compile, each in its language', async (t) => {
  const result = compileNotices(shippedSources(), 'zh-CN')
  t.ok(result.ok && result.notices.has('en') && result.notices.has('zh-CN'))
  t.strictSame(result.problems, [])
})

t.test('all problems of all files are reported at once, with file, line and path', async (t) => {
  const result = compileNotices([
    source('rules/notices/en.yaml', { ...texts, title: 'blocked', line: '{tool} {ask} {event} {user}', extra: 1 }),
    source('rules/notices/zh-CN.yaml', { ...texts, tiers: { approved: 'a\nb' } }),
    source('rules/notices/fr.yaml', texts),
  ])
  t.notOk(result.ok)
  const shown = result.problems.map(({ file, line, path, message }) => `${file}:${String(line)} ${path}: ${message}`)
  t.strictSame(shown.sort(), [
    'rules/notices/en.yaml:4 line: unknown word `{user}`: use {tool} {company} {tier} {reason} {instead} {ask} {event}',
    'rules/notices/en.yaml:5 extra: unknown key `extra`',
    'rules/notices/en.yaml:5 title: `{tool}` is missing',
    'rules/notices/fr.yaml:null : no such language: name the file after one of en, zh-CN',
    'rules/notices/zh-CN.yaml:14 tiers.approved: write it in one line, without control characters',
    'rules/notices/zh-CN.yaml:15 tiers.monitored: write a text here',
    'rules/notices/zh-CN.yaml:16 tiers.prohibited: write a text here',
    'rules/notices/zh-CN.yaml:16 tiers.restricted: write a text here',
  ])
})

t.test('the fallback language must have a file', async (t) => {
  const result = compileNotices([source('en.yaml', texts)], 'zh-CN')
  t.notOk(result.ok)
  t.match(result.problems, [{ file: 'rules/notices/zh-CN.yaml', severity: 'error' }])
  t.ok(compileNotices([source('en.yaml', texts)], 'en').ok)
})
