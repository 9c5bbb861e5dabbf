import t from 'tap'
import { originOf } from '../../src/upstream/origin.ts'

t.test('scheme, host and port make an origin', (t) => {
  t.match(originOf({ scheme: 'https', host: 'a.example', port: 443 }), { url: 'https://a.example:443', isTls: true })
  t.match(originOf({ scheme: 'http', host: '::1', port: 80 }), { url: 'http://[::1]:80', isTls: false })
  t.end()
})
