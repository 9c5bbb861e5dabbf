import t from 'tap'
import type { RawHeaders } from '../../src/domain/headers.ts'
import { requestLines, responseLines } from '../../src/edge/passed-lines.ts'

const sent = (received: RawHeaders, editedBytes: number | null = null): RawHeaders =>
  requestLines({
    received,
    destination: { host: 'a.example', port: 8443 },
    withTenants: (lines) => [...lines, 'X-Tenant', 'acme'],
    editedBytes,
  })

t.test('what is for this hop stays here, the rest goes on as it was written', async (t) => {
  const received = [
    'hOST',
    'b.example',
    'Connection',
    'x-hop, close',
    'X-Hop',
    '1',
    'Expect',
    '100-continue',
    'X-a',
    'Ä',
  ]
  t.strictSame(sent(received), ['hOST', 'b.example', 'X-a', 'Ä', 'X-Tenant', 'acme'])
})

t.test('without a Host the destination is named', async (t) => {
  t.strictSame(sent(['A', 'b']), ['Host', 'a.example:8443', 'A', 'b', 'X-Tenant', 'acme'])
})

t.test('an edited body has its own length, and the promise to read trailers is repeated', async (t) => {
  const lines = sent(['Host', 'a', 'Content-Length', '9', 'TE', 'trailers, deflate', 'Connection', 'te'], 4)
  t.equal(lines.join('|'), 'Host|a|Content-Length|4|X-Tenant|acme|te|trailers')
})

t.test('a response that was read leads nowhere else', async (t) => {
  const lines = ['Alt-Svc', 'h3=":443"', 'X-a', 'b', 'Keep-Alive', 'timeout=5']
  t.strictSame(responseLines(lines, true), ['X-a', 'b'])
  t.strictSame(responseLines(lines, false), ['Alt-Svc', 'h3=":443"', 'X-a', 'b'])
})
