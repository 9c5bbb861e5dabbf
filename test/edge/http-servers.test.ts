import t from 'tap'
import { ask, http2Through } from '../helpers/http2-client.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { startWeir } from '../helpers/weir.ts'
import { exchangeOnce, tlsThrough } from '../helpers/wire-client.ts'

const HOST = 't1.openai.azure.com'

t.test('each connection is served in the version it agreed on, HTTP/1.1 where it agreed on none', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end('served'))
  const weir = await startWeir(t, { pins: { [`${HOST}:443`]: origin.address }, roots: [pki.rootPem] })
  const { session } = await http2Through(t, weir, HOST)
  t.equal((await ask(session, {})).body.toString(), 'served')
  for (const options of [{}, { ALPNProtocols: ['http/1.1'] }]) {
    const socket = await tlsThrough(weir.port, `${HOST}:443`, { ca: weir.ca, ...options })
    t.teardown(() => socket.destroy())
    t.match(await exchangeOnce(socket, `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`), { status: 200 })
  }
  t.equal((await ask(session, {})).body.toString(), 'served', 'one version does not disturb the other')
})
