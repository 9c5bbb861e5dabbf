import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { parse } from 'yaml'
import { connectGetMessage } from '../../src/dialects/connect-get.ts'

interface Row {
  readonly it: string
  readonly query: string
  readonly type?: string
  readonly coding?: string
  readonly text?: string | null
  readonly unreadable?: true
}

const rows = parse(readFileSync(new URL('../cases/connect-get.yaml', import.meta.url), 'utf8')) as Row[]
const GET = { method: 'GET' }

t.test('the message of a query is that of the table', async (t) => {
  for (const row of rows) {
    const message = connectGetMessage(GET, row.query)
    if (row.unreadable === true) t.equal(message?.isReadable, false, row.it)
    else if (row.text === null) t.equal(message, null, row.it)
    else {
      t.match(message, { contentType: row.type, contentEncoding: row.coding ?? 'identity', isReadable: true }, row.it)
      t.equal(Buffer.from(message?.bytes ?? []).toString('latin1'), row.text, row.it)
    }
  }
})

t.test('only a request without a body of its own has its message in the query', async (t) => {
  const query = '?encoding=json&message=abc'
  t.equal(connectGetMessage({ method: 'POST' }, query), null)
  t.equal(connectGetMessage({ method: 'HEAD' }, query)?.isReadable, true)
})

t.test('whatever a client writes comes out again, escaped or in base64', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), fc.boolean(), (bytes, isUrl, isEscaped) => {
      const escaped = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
      const base64 = encodeURIComponent(Buffer.from(bytes).toString(isUrl ? 'base64url' : 'base64'))
      const query = isEscaped ? `?message=${escaped}` : `?base64=1&message=${base64}`
      const message = connectGetMessage(GET, `${query}&encoding=proto`)
      t.ok(message?.isReadable)
      t.ok(Buffer.from(bytes).equals(message?.bytes ?? Buffer.from('x')))
    }),
  )
})

t.test('no query throws', async (t) => {
  const piece = fc.constantFrom(
    'message',
    'encoding',
    'base64',
    'compression',
    '=',
    '&',
    '%',
    '1',
    'json',
    '?',
    ';',
    '+',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => {
      const message = connectGetMessage(GET, pieces.join(''))
      return message === null || message.bytes instanceof Uint8Array
    }),
  )
  t.pass()
})
