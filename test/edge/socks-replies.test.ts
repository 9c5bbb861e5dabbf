import t from 'tap'
import { PROXY_ERRORS, type ProxyErrorCode } from '../../src/domain/proxy-error.ts'
import { replyOf } from '../../src/edge/socks-replies.ts'

t.test('a refusal by rule, a refused connection and an unknown name are told apart', async (t) => {
  t.equal(replyOf('port-refused'), 'notAllowed')
  t.equal(replyOf('address-refused'), 'notAllowed')
  t.equal(replyOf('connect-refused'), 'refused')
  t.equal(replyOf('dns-failed'), 'hostUnreachable')
  t.equal(replyOf('connect-timeout'), 'ttlExpired')
})

t.test('no error is ever told as success', async (t) => {
  for (const code of Object.keys(PROXY_ERRORS) as ProxyErrorCode[]) t.not(replyOf(code), 'succeeded', code)
})
