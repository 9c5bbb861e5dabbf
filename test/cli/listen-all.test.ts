import t from 'tap'
import { listenAll, ownPortsOf } from '../../src/cli/listen-all.ts'
import { proxyListens } from '../../src/config/proxy-listens.ts'
import type { ListenerEntry } from '../../src/domain/settings.ts'

t.test('each address is taken for what it is for, and what cannot be taken is named', async (t) => {
  const taken: [string, number, ListenerEntry][] = []
  const listener = {
    listen: (host: string, port: number, entry: ListenerEntry) => {
      if (port === 1080) return Promise.reject(Object.assign(new Error('x'), { code: 'EADDRINUSE' }))
      taken.push([host, port, entry])
      return Promise.resolve({ host, port: port === 0 ? 40_000 : port })
    },
  }
  const listens = proxyListens({
    listen: ['127.0.0.1:0'],
    socks: ['127.0.0.1:1080'],
    transparent: [{ listen: '[::]:3443', port: 8443 }],
  })
  const { bound, problems } = await listenAll(listener, listens)
  t.strictSame(bound, [
    { entry: { kind: 'proxy' }, host: '127.0.0.1', port: 40_000 },
    { entry: { kind: 'transparent', port: 8443 }, host: '::', port: 3443 },
  ])
  t.match(problems, [{ file: '127.0.0.1:1080', severity: 'error', message: /the port is taken/u }])
  t.strictSame(taken[1], ['::', 3443, { kind: 'transparent', port: 8443 }])
})

t.test('a port that a packet filter sends here is our own port as well', async (t) => {
  const at = (entry: ListenerEntry, port: number) => ({ entry, host: '0.0.0.0', port })
  t.strictSame(ownPortsOf([at({ kind: 'proxy' }, 3128), at({ kind: 'socks' }, 1080)]), [3128, 1080])
  t.strictSame(ownPortsOf([at({ kind: 'transparent', port: null }, 3443)]), [3443, 443, 80])
  t.strictSame(ownPortsOf([at({ kind: 'transparent', port: 8443 }, 3444)]), [3444, 8443])
})
