import fc from 'fast-check'
import t from 'tap'
import { retry, shorten, whyOf } from '../../../src/audit/sinks/sink.ts'

t.test('a failure is told in one line, with the code of the system', async (t) => {
  t.equal(whyOf(new Error('bad\nthing')), 'bad thing')
  t.equal(whyOf(Object.assign(new Error('connect failed'), { code: 'ECONNREFUSED' })), 'ECONNREFUSED: connect failed')
  t.equal(whyOf(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })), 'connect ECONNREFUSED')
  t.strictSame(retry('x'), { kind: 'retry', why: 'x' })
})

t.test('what a receiver says is cut and holds no control or direction characters', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 1000 }), (text) => {
      const short = shorten(text)
      return short.length <= 301 && !/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2028\u2029]/u.test(short)
    }),
  )
})
