import t from 'tap'
import { ControlListenError, listenError, parseListen } from '../../src/control/listen.ts'

t.test('host:port is parsed, IPv6 in brackets, port 0 allowed', async (t) => {
  t.strictSame(parseListen('127.0.0.1:3129'), { host: '127.0.0.1', port: 3129 })
  t.strictSame(parseListen('[::1]:0'), { host: '::1', port: 0 })
  t.strictSame(parseListen('localhost:10'), { host: 'localhost', port: 10 })
})

t.test('what is no listen address is refused with how to write it', async (t) => {
  for (const text of ['', '3129', ':3129', '127.0.0.1', '::1:3129', 'a:b', '127.0.0.1:70000', ':0', 'a/b:1']) {
    t.throws(
      () => parseListen(text),
      { name: 'ControlListenError', failure: 'bad-address', message: /host:port/ },
      text,
    )
  }
})

t.test('what the system says becomes a failure with advice', async (t) => {
  const failures = {
    EADDRINUSE: 'port-taken',
    EADDRNOTAVAIL: 'address-not-here',
    EACCES: 'not-permitted',
    EIO: 'failed',
  }
  for (const [code, failure] of Object.entries(failures)) {
    const error = listenError('127.0.0.1:1', Object.assign(new Error('x'), { code }))
    t.match(error, { failure, listen: '127.0.0.1:1', message: /`127\.0\.0\.1:1` cannot be opened: \w/ })
    t.ok(error instanceof ControlListenError)
  }
  t.equal(listenError('a:1', null).failure, 'failed')
})
