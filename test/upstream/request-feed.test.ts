import { constants } from 'node:http2'
import t from 'tap'
import { handFed, setUpForwarder } from '../helpers/forwarder.ts'
import {
  dataFrame,
  END_STREAM,
  FRAME,
  headersFrame,
  rstFrame,
  startRawHttp2,
  windowFrame,
} from '../helpers/http2-origin.ts'
import { makePki } from '../helpers/pki.ts'

t.test('a streamed body of which nothing went out moves to another stream; one that began does not', async (t) => {
  const pki = await makePki(t)
  let asked = 0
  let body = handFed()
  const origin = await startRawHttp2(
    t,
    pki,
    (peer, id) => {
      asked++
      if (asked === 1) {
        peer.send(rstFrame(id, constants.NGHTTP2_REFUSED_STREAM))
        setTimeout(() => {
          body.push('late')
          body.end()
        }, 50)
      }
    },
    {
      onFrame: (peer, { type, flags, id, payload }) => {
        if (type !== FRAME.data) return
        if (payload.toString() === 'early') peer.send(rstFrame(id, constants.NGHTTP2_REFUSED_STREAM))
        else if ((flags & END_STREAM) !== 0) peer.send(headersFrame(id, END_STREAM, ':status', '204'))
      },
    },
  )
  const { send } = setUpForwarder(t, { pins: { 'origin.example:443': origin.address }, roots: [pki.rootPem] })
  t.match(await send({ method: 'POST', body }), { status: 204, error: null })
  t.equal(asked, 2)
  body = handFed()
  const running = send({ method: 'POST', body })
  await body.started
  body.push('early')
  t.match((await running).error, { code: 'upstream-reset' })
  t.equal(asked, 3)
  t.ok(body.isCancelled())
})

t.test('an upstream that takes nothing holds the client back, and its window sets it free', async (t) => {
  const pki = await makePki(t)
  let taken = 0
  const origin = await startRawHttp2(t, pki, () => undefined, {
    onFrame: (peer, { type, flags, id, payload }) => {
      if (type !== FRAME.data) return
      taken += payload.length
      if (taken === 65_535) setTimeout(() => peer.send(windowFrame(0, 4_000_000), windowFrame(id, 4_000_000)), 50)
      if ((flags & END_STREAM) !== 0) peer.send(headersFrame(id, 0, ':status', '200'), dataFrame(id, END_STREAM, 'got'))
    },
  })
  const { send } = setUpForwarder(t, { pins: { 'origin.example:443': origin.address }, roots: [pki.rootPem] })
  const body = handFed()
  const running = send({ method: 'POST', body })
  await body.started
  let given = 0
  const give = (): void => {
    while (given < 1_000_000) {
      given += 10_000
      if (!body.push(Buffer.alloc(10_000))) return
    }
    body.end()
  }
  body.onResume = give
  give()
  t.ok(given < 400_000, `held back after ${given} bytes`)
  t.match(await running, { status: 200, body: 'got', error: null })
  t.equal(taken, 1_000_000)
})

t.test('a large body that is held whole goes out in slices, as the upstream takes them, and comes whole', async (t) => {
  const pki = await makePki(t)
  const pieces: Buffer[] = []
  const origin = await startRawHttp2(t, pki, () => undefined, {
    onFrame: (peer, { type, flags, id, payload }) => {
      if (type !== FRAME.data) return
      pieces.push(Buffer.from(payload))
      if (payload.length > 0) peer.send(windowFrame(0, payload.length), windowFrame(id, payload.length))
      if ((flags & END_STREAM) !== 0) peer.send(headersFrame(id, END_STREAM, ':status', '204'))
    },
  })
  const { send } = setUpForwarder(t, { pins: { 'origin.example:443': origin.address }, roots: [pki.rootPem] })
  const body = Buffer.from(Uint8Array.from({ length: 1_500_000 }, (_, at) => (at >> 3) ^ at))
  t.match(await send({ method: 'POST', body }), { status: 204, error: null })
  t.ok(Buffer.concat(pieces).equals(body))
})
