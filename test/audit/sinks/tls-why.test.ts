import t from 'tap'
import { alertWords, withCertificateHint } from '../../../src/audit/sinks/tls-why.ts'

t.test('alerts are told in their own words, those about certificates with what to look at', async (t) => {
  const said = (alert: string): string =>
    `write EPROTO 402D:error:0A000410:SSL routines:ssl3_read_bytes:${alert}:../deps/rec_layer_s3.c:918:SSL alert number 1`
  t.equal(
    alertWords(said('ssl/tls alert handshake failure')),
    'the receiver ended TLS with `handshake failure`: it wants another certificate of ours, see `certFile`',
  )
  t.match(alertWords(said('tlsv13 alert certificate required')), /`certificate required`.*see `certFile`/)
  t.equal(alertWords(said('tlsv1 alert protocol version')), 'the receiver ended TLS with `protocol version`')
  t.equal(alertWords('connect ECONNREFUSED 127.0.0.1:1'), null)
})

t.test('a receiver that hangs up without a word may mean our certificate', async (t) => {
  const hungUp = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
  t.match(withCertificateHint(hungUp).message, /^socket hang up; .*`certFile`/)
  t.match(withCertificateHint(new Error('it closed')).message, /`certFile`/)
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  t.equal(withCertificateHint(refused), refused)
  t.equal(withCertificateHint(new Error('no answer for 5 ms')).message, 'no answer for 5 ms')
})
