import fc from 'fast-check'
import t from 'tap'
import { sniff } from '../../src/wire/sniff.ts'

const of = (text: string): string => sniff(Buffer.from(text, 'latin1'))

t.test('what speaks is told from the first bytes', async (t) => {
  const cases: [string, string][] = [
    ['\x16\x03\x01\x02\x00', 'tls'],
    ['GET http://a/ HTTP/1.1', 'http'],
    ['CONNECT a:443 HTTP/1.1', 'http'],
    ['M-SEARCH * HTTP/1.1', 'http'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'bytes'],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n', 'bytes'],
    ['PROXYS / HTTP/1.1', 'http'],
    ['SSH-2.0-OpenSSH', 'bytes'],
    ['\x05\x01\x00', 'bytes'],
    ['get / HTTP/1.1', 'bytes'],
    ['\x16\x02', 'bytes'],
    ['GET \x00', 'bytes'],
    ['GO x', 'bytes'],
  ]
  for (const [text, kind] of cases) t.equal(of(text), kind, JSON.stringify(text))
})

t.test('too few bytes are never decided wrongly: a longer prefix keeps the verdict', async (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.stringMatching(/^[A-Z]{1,20} \/[a-z]{0,10}$/u).map((s) => Buffer.from(s)),
      ),
      (bytes) => {
        const whole = sniff(bytes)
        for (let length = 0; length < bytes.length; length++) {
          const part = sniff(bytes.subarray(0, length))
          if (part !== 'incomplete') t.equal(part, whole)
        }
      },
    ),
    { numRuns: 300 },
  )
})
