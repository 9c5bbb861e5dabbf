import { Buffer } from 'node:buffer'
import t from 'tap'
import { connect } from '../../src/dialects/connect.ts'
import { someNotice } from '../notice/inputs.ts'
import { partRows } from './part-rows.ts'
import { requestHead } from './request-head.ts'

t.test('the text parts of a request are those of the table', async (t) => {
  const rows = partRows(connect)
  t.ok(rows.length > 0)
  for (const { name, seen, wanted } of rows) t.strictSame(seen, wanted, name)
})

t.test('a refused stream is one end-of-stream frame that holds the error', async (t) => {
  const head = requestHead({ headers: { 'content-type': 'application/connect+proto' } })
  const body = Buffer.from(connect.refusal(someNotice(), head).body)
  t.equal(body.readUInt8(0), 2)
  t.equal(body.readUInt32BE(1), body.length - 5)
  t.strictSame(JSON.parse(body.toString('utf8', 5)), {
    error: { code: 'permission_denied', message: someNotice().line },
  })
})
