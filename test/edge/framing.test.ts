import t from 'tap'
import { framingProblem } from '../../src/edge/framing.ts'

const problem = (httpVersion: string, ...rawHeaders: string[]): string | null =>
  framingProblem({ httpVersion, rawHeaders })?.code ?? null

t.test('a request with one reading has no framing problem', (t) => {
  t.equal(problem('1.1', 'Host', 'a'), null)
  t.equal(problem('1.0'), null)
  t.equal(problem('1.1', 'Transfer-Encoding', 'Chunked'), null)
  t.equal(problem('1.1', 'Content-Length', '5', 'Expect', '100-Continue'), null)
  t.end()
})

t.test('versions that are not 1.0 or 1.1 are refused', (t) => {
  for (const version of ['0.9', '2.0', '1.2', '']) t.equal(problem(version), 'bad-request', version)
  t.end()
})

t.test('a transfer coding that is not just chunked is refused', (t) => {
  for (const value of ['gzip', 'x, chunked', 'chunked, chunked', '', 'chunked;q=1']) {
    t.equal(problem('1.1', 'Transfer-Encoding', value), 'bad-request', value)
  }
  t.equal(problem('1.1', 'Transfer-Encoding', 'chunked', 'transfer-encoding', 'chunked'), 'bad-request')
  t.equal(problem('1.0', 'Transfer-Encoding', 'chunked'), 'bad-request', 'HTTP/1.0 knows no chunks')
  t.end()
})

t.test('an expectation beside 100-continue fails', (t) => {
  t.equal(problem('1.1', 'Expect', '100-continue, x'), 'expectation-failed')
  t.equal(problem('1.1', 'Expect', 'y100-continue'), 'expectation-failed')
  t.end()
})
