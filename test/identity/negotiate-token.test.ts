import fc from 'fast-check'
import t from 'tap'
import { isAcceptCompleted, readNegotiateToken } from '../../src/identity/negotiate-token.ts'

const SPNEGO = [0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02]
const KRB5 = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02]
const base64 = (bytes: Iterable<number>): string => Buffer.from([...bytes]).toString('base64')

/** One DER value. */
function der(tag: number, content: readonly number[]): number[] {
  const { length } = content
  if (length < 0x80) return [tag, length, ...content]
  return length < 0x100 ? [tag, 0x81, length, ...content] : [tag, 0x82, length >> 8, length & 0xff, ...content]
}

t.test('a whole first token passes as it is', async (t) => {
  for (const size of [0, 100, 200, 3000]) {
    const token = base64(der(0x60, [...SPNEGO, ...new Array<number>(size).fill(7)]))
    t.strictSame(readNegotiateToken(token), { ok: true, token })
  }
})

t.test('what is none never reaches native code, and the reason is said', async (t) => {
  const whole = der(0x60, [...SPNEGO, 1, 2, 3])
  const cases: [string, RegExp][] = [
    ['', /no token/u],
    ['A'.repeat(65_540), /too long/u],
    ['AAA', /base64/u],
    ['YII=\u0000', /base64/u],
    ['YI-_', /base64/u],
    [base64(whole.slice(0, -1)), /SPNEGO/u],
    [base64([...whole, 0]), /SPNEGO/u],
    [base64(der(0x60, [...KRB5, 1, 0])), /SPNEGO/u],
    [base64([0x60]), /SPNEGO/u],
    [base64([0x60, 0x85, 0, 0, 0, 0, 0]), /SPNEGO/u],
    [base64([0x60, 0x80]), /SPNEGO/u],
    [base64(der(0xa1, [0x30, 0])), /second leg/u],
  ]
  for (const [credential, why] of cases)
    t.match(readNegotiateToken(credential), { ok: false, isNtlm: false, detail: why })
})

t.test('NTLM is known by its signature, bare and inside SPNEGO', async (t) => {
  const ntlm = [...Buffer.from('NTLMSSP\0\x01\0\0\0', 'latin1')]
  t.match(readNegotiateToken(base64(ntlm)), { ok: false, isNtlm: true })
  t.match(readNegotiateToken(base64(der(0x60, [...SPNEGO, 0xa0, ...ntlm]))), { ok: false, isNtlm: true })
})

t.test('only an answer that says accept-completed ends a conversation', async (t) => {
  const answer = (...fields: number[]): string => base64(der(0xa1, der(0x30, fields)))
  t.ok(isAcceptCompleted(answer(0xa0, 3, 0x0a, 1, 0, 0xa1, 2, 5, 5)))
  for (const state of [1, 2, 3]) t.notOk(isAcceptCompleted(answer(0xa0, 3, 0x0a, 1, state)), `state ${state}`)
  for (const other of [
    null,
    '',
    'YII=',
    answer(),
    answer(0xa0, 3, 0x0a, 1),
    answer(0xa1, 3, 0x0a, 1, 0),
    base64([0xa1, 5]),
  ]) {
    t.notOk(isAcceptCompleted(other))
  }
})

t.test('any text and any bytes are read without a throw', async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => typeof readNegotiateToken(text).ok === 'boolean'),
  )
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const token = base64([0x60, ...bytes])
      return (
        typeof readNegotiateToken(token).ok === 'boolean' &&
        typeof isAcceptCompleted(base64([0xa1, ...bytes])) === 'boolean'
      )
    }),
  )
  t.pass()
})
