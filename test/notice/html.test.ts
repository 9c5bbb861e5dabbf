import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { headerValue } from '../../src/domain/headers.ts'
import type { Notice } from '../../src/domain/notice.ts'
import { escapeHtml, htmlPage } from '../../src/notice/html.ts'
import { someNotice } from './inputs.ts'

const page = (row: Partial<Notice> = {}) => Buffer.from(htmlPage({ ...someNotice(), ...row }).body).toString('utf8')

const count = (text: string, pattern: RegExp) => Array.from(text.matchAll(pattern)).length

t.test('title and heading are the title of the notice, the line and a link to ask follow', async (t) => {
  const text = page()
  t.match(text, '<title>Claude Code is blocked by ACME</title>')
  t.match(text, '<h1 dir="auto">Claude Code is blocked by ACME</h1>')
  t.match(text, escapeHtml(someNotice().line))
  t.match(text, 'href="https://ask.acme.example/01KC0000000000000000000000"')
  t.match(text, '<html lang="en">')
  t.match(page({ language: 'zh-CN' }), '<html lang="zh-CN">')
})

t.test('only web addresses become links', async (t) => {
  for (const ask of [
    'it@acme.example',
    'ask your IT department',
    'javascript:alert(1)',
    'data:text/html,x',
    'https://a b',
  ]) {
    t.notMatch(page({ ask }), /<a /u, ask)
  }
})

t.test('nothing may run, load, frame or be sniffed', async (t) => {
  const { headers } = htmlPage(someNotice())
  const policy = headerValue(headers, 'content-security-policy') ?? ''
  t.match(policy, "default-src 'none'")
  t.match(policy, "frame-ancestors 'none'")
  t.notMatch(policy, 'unsafe')
  t.equal(headerValue(headers, 'x-content-type-options'), 'nosniff')
  t.notMatch(page(), /<script|<img|<link|@import|url\(/u)
})

t.test('the style is the one that the policy allows', async (t) => {
  const style = /<style>([\s\S]*)<\/style>/u.exec(page())?.[1] ?? ''
  const digest = createHash('sha256').update(style).digest('base64')
  t.match(headerValue(htmlPage(someNotice()).headers, 'content-security-policy'), `'sha256-${digest}'`)
})

t.test('no value can add markup to the page', async (t) => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('</title><script>alert(1)</script>', '"><img src=x onerror=a()>', "' onclick='a()", '<!--', '&lt;'),
    fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '/', 'a') }),
  )
  const tags = count(page({ ask: '' }), /<[!/a-z]/giu)
  fc.assert(
    fc.property(hostile, hostile, hostile, hostile, (title, line, event, ask) => {
      const text = page({ title, line, event, ask })
      const links = count(text, /<a href="https?:[^"]*" rel="noreferrer">/gu)
      return count(text, /<[!/a-z]/giu) === tags + links * 4
    }),
    { numRuns: 500 },
  )
  t.pass('500 pages')
})
