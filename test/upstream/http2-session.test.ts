import t from 'tap'
import { setUpForwarder } from '../helpers/forwarder.ts'
import { END_STREAM, FRAME, frame, headersFrame, startRawHttp2 } from '../helpers/http2-origin.ts'
import { makePki } from '../helpers/pki.ts'

t.test('push is refused, windows are bounded, and the header limit is told', async (t) => {
  const pki = await makePki(t)
  const settings = Promise.withResolvers<Map<number, number>>()
  const origin = await startRawHttp2(t, pki, (peer, id) => peer.send(headersFrame(id, END_STREAM, ':status', '204')), {
    onFrame: (_peer, { type, flags, payload }) => {
      if (type !== FRAME.settings || flags !== 0) return
      const pairs = Array.from({ length: payload.length / 6 }, (_each, index): [number, number] => [
        payload.readUInt16BE(6 * index),
        payload.readUInt32BE(6 * index + 2),
      ])
      settings.resolve(new Map(pairs))
    },
  })
  const { send } = setUpForwarder(t, { pins: { 'origin.example:443': origin.address }, roots: [pki.rootPem] })
  t.match(await send(), { status: 204 })
  const told = await settings.promise
  t.equal(told.get(2), 0, 'SETTINGS_ENABLE_PUSH')
  t.equal(told.get(4), 262_144, 'SETTINGS_INITIAL_WINDOW_SIZE')
  t.equal(told.get(6), 16_384, 'SETTINGS_MAX_HEADER_LIST_SIZE')
})

t.test('a server that pushes all the same loses its connection, and other origins keep theirs', async (t) => {
  const pki = await makePki(t)
  const promise = frame(FRAME.push, 4, 1, Buffer.from([0, 0, 0, 2, 0x82]))
  const bad = await startRawHttp2(t, pki, (peer) => {
    setTimeout(() => peer.send(promise), 20)
  })
  const good = await startRawHttp2(t, pki, (peer, id) => peer.send(headersFrame(id, END_STREAM, ':status', '204')))
  const pins = { 'origin.example:443': bad.address, 'good.example:443': good.address }
  const { send } = setUpForwarder(t, { pins, roots: [pki.rootPem] })
  t.match(await send({ host: 'good.example' }), { status: 204 })
  t.match((await send()).error, { code: 'upstream-protocol' })
  t.match(await send({ host: 'good.example' }), { status: 204 })
  t.equal(good.connections(), 1)
})
