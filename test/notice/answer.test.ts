import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { headerValue } from '../../src/domain/headers.ts'
import type { LocalAnswer } from '../../src/domain/notice.ts'
import { DIALECTS, type DialectId, type Purpose } from '../../src/domain/tool.ts'
import { answerWithNotice } from '../../src/notice/answer.ts'
import { renderNotice } from '../../src/notice/render.ts'
import { readCases } from '../dialects/read-cases.ts'
import { type HeadRow, requestHead } from '../dialects/request-head.ts'
import { blockDecision, EVENT, noticeInput, someNotice } from './inputs.ts'

interface Row extends HeadRow {
  readonly name: string
  readonly dialect?: DialectId
  readonly purpose?: Purpose
  readonly status: number
  readonly type?: string
  readonly also?: Readonly<Record<string, string>>
  /** N = the line, TITLE and EVENT as the contracts write them; compared as JSON text, byte for byte. */
  readonly body?: unknown
  readonly text?: string
}

const textOf = (answer: LocalAnswer) => Buffer.from(answer.body).toString('utf8')

const fillIn = (row: unknown, notice: { title: string; line: string; event: string }) =>
  JSON.stringify(row)
    .replaceAll('"N"', () => JSON.stringify(notice.line))
    .replaceAll('"TITLE"', () => JSON.stringify(notice.title))
    .replaceAll('"EVENT"', () => JSON.stringify(notice.event))

for (const language of ['en', 'zh-CN'] as const) {
  t.test(`each client gets the status, type and body of the table (${language})`, async (t) => {
    const settings = { language, fallback: language, askUrl: 'https://ask.acme.example/{event}', contact: null }
    const notice = renderNotice(noticeInput({ settings }))
    for (const row of readCases<Row>('notices-answers.yaml')) {
      const decision = blockDecision({
        dialect: row.dialect ?? 'anthropic-messages',
        purpose: row.purpose ?? 'inference',
      })
      const answer = answerWithNotice(notice, decision, requestHead(row))
      t.equal(answer.status, row.status, row.name)
      t.equal(headerValue(answer.headers, 'content-type'), row.type ?? null, row.name)
      for (const [name, value] of Object.entries(row.also ?? {})) {
        t.equal(headerValue(answer.headers, name), value, `${row.name}: ${name}`)
      }
      if (row.body !== undefined) t.equal(textOf(answer), fillIn(row.body, notice), row.name)
      if (row.text !== undefined) t.equal(textOf(answer), row.text, row.name)
    }
  })
}

t.test('every answer carries the headers of a block', async (t) => {
  for (const dialect of DIALECTS) {
    const { headers, body } = answerWithNotice(someNotice(), blockDecision({ dialect }), requestHead())
    t.equal(headerValue(headers, 'x-should-retry'), 'false')
    t.equal(headerValue(headers, 'proxy-status'), 'weir; error=http_request_denied')
    t.equal(headerValue(headers, 'cache-control'), 'no-store')
    t.equal(headerValue(headers, 'x-weir-event'), EVENT)
    t.equal(headerValue(headers, 'x-weir-action'), 'block')
    t.equal(headerValue(headers, 'content-length'), String(body.length))
  }
})

t.test('HEAD gets the head of a GET and no body', async (t) => {
  const ask = (method: string) =>
    answerWithNotice(
      someNotice(),
      blockDecision({ purpose: 'web' }),
      requestHead({ method, headers: { accept: 'text/html' } }),
    )
  t.strictSame(ask('HEAD').headers, ask('GET').headers)
  t.equal(ask('HEAD').body.length, 0)
  t.ok(Number(headerValue(ask('HEAD').headers, 'content-length')) > 0)
})

t.test("a page's script may read the notice, and its preflight passes", async (t) => {
  const origin = { origin: 'https://claude.ai' }
  const decision = blockDecision({ purpose: 'web' })
  const answer = answerWithNotice(
    someNotice(),
    decision,
    requestHead({ headers: { ...origin, 'sec-fetch-mode': 'cors' } }),
  )
  t.equal(answer.status, 403)
  t.equal(headerValue(answer.headers, 'access-control-allow-origin'), 'https://claude.ai')
  t.equal(headerValue(answer.headers, 'access-control-allow-credentials'), 'true')
  t.equal(headerValue(answer.headers, 'access-control-expose-headers'), 'x-weir-event')
  const asked = {
    ...origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,x-api-key',
  }
  const preflight = answerWithNotice(someNotice(), decision, requestHead({ method: 'OPTIONS', headers: asked }))
  t.equal(preflight.status, 204)
  t.equal(preflight.body.length, 0)
  t.equal(headerValue(preflight.headers, 'access-control-allow-methods'), 'POST')
  t.equal(headerValue(preflight.headers, 'access-control-allow-headers'), 'content-type,x-api-key')
  t.equal(headerValue(preflight.headers, 'access-control-allow-origin'), 'https://claude.ai')
  t.equal(headerValue(preflight.headers, 'content-length'), null)
})

t.test('without an origin there are no cross-origin headers', async (t) => {
  const { headers } = answerWithNotice(someNotice(), blockDecision(), requestHead())
  t.notOk(headers.some((text) => text.startsWith('access-control')))
})

t.test('whatever a request or the values hold, no header line breaks and every JSON body parses', async (t) => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom('\r\nset-cookie: a=b', 'a\nb', '</title><script>', '\u001b[2J', '\u202e', '"}\\', 'x'.repeat(5000)),
  )
  const purposes = fc.constantFrom<Purpose>('inference', 'web', 'auth')
  fc.assert(
    fc.property(hostile, hostile, hostile, fc.constantFrom(...DIALECTS), purposes, fc.boolean(), (...values) => {
      const [company, origin, event, dialect, purpose, isPreflight] = values
      const notice = renderNotice(noticeInput({ company, event }))
      const headers = { origin, 'content-type': origin, 'access-control-request-method': company }
      const head = requestHead({ headers, method: isPreflight ? 'OPTIONS' : 'POST' })
      const answer = answerWithNotice(notice, blockDecision({ dialect, purpose }), head)
      if (!answer.headers.every((text) => /^[\x20-\x7e]*$/u.test(text))) return false
      if (headerValue(answer.headers, 'content-type')?.includes('json') === true) JSON.parse(textOf(answer))
      return true
    }),
    { numRuns: 1000 },
  )
  t.pass('1000 answers')
})
