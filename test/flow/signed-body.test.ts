import t from 'tap'
import { isSignedBody } from '../../src/flow/signed-body.ts'

t.test('every kind of signature over a body, and of digest of it, is known', async (t) => {
  const signed: [string, string][] = [
    ['Authorization', 'AWS4-HMAC-SHA256 Credential=x'],
    ['authorization', 'AWS4-ECDSA-P256-SHA256 Credential=x'],
    ['Authorization', 'TC3-HMAC-SHA256 Credential=x'],
    ['Authorization', 'ACS3-HMAC-SHA256 Credential=x'],
    ['Authorization', 'ACS3-HMAC-SM3 Credential=x'],
    ['Authorization', 'SDK-HMAC-SHA256 Access=x'],
    ['AUTHORIZATION', 'hmac-sha256 Credential=x'],
    ['Authorization', 'GOOG4-HMAC-SHA256 Credential=x'],
    ['X-Amz-Content-Sha256', 'x'],
    ['x-amz-checksum-crc32', 'x'],
    ['x-goog-hash', 'md5=x'],
    ['Repr-Digest', 'sha-256=:x:'],
    ['Content-MD5', 'x'],
    ['Digest', 'sha-256=x'],
    ['Content-Digest', 'sha-256=:x:'],
    ['Signature', 'sig=:x:'],
  ]
  for (const header of signed) t.ok(isSignedBody({ headers: ['Host', 'x', ...header] }), header.join(': '))
  t.ok(isSignedBody({ headers: ['Authorization', 'Bearer x', 'Authorization', 'AWS4-HMAC-SHA256 Credential=x'] }))
})

t.test('what says nothing of the body is none', async (t) => {
  const others: [string, string][] = [
    ['Authorization', 'Bearer AWS4-x'],
    ['Authorization', 'Basic eDp5'],
    ['X', 'digest'],
    ['signature-input', 'x'],
    ['x-amz-date', 'x'],
  ]
  for (const header of others) t.notOk(isSignedBody({ headers: header }), header.join(': '))
})
