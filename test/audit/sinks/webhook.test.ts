import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createWebhookSink, deliveryId, webhookBody, webhookSignature } from '../../../src/audit/sinks/webhook.ts'
import { HOSTILE, httpReceiver, message, webhookSettings } from './world.ts'

t.test('the signature is the one of the published example of Standard Webhooks', async (t) => {
  t.equal(
    webhookSignature(
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1_614_265_330,
      '{"test": 2432232314}',
    ),
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  )
})

t.test('a receiver with the secret can check body, id and time', async (t) => {
  const secretFile = join(t.testdir({}), 'secret')
  writeFileSync(secretFile, 'hush\n')
  const { url, got } = await httpReceiver(t)
  const sink = createWebhookSink(webhookSettings(`${url}/hook`, secretFile))
  const batch = [message('A'), message('B', { isJson: false, text: HOSTILE })]
  t.strictSame(await sink.send(batch), { kind: 'delivered' })
  t.strictSame(await sink.send(batch), { kind: 'delivered' })
  const [first, second] = got
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = first?.headers ?? {}
  const wanted = createHmac('sha256', 'hush')
    .update(`${String(id)}.${String(time)}.${first?.body ?? ''}`)
    .digest('base64')
  t.equal(signature, `v1,${wanted}`)
  t.equal(first?.headers['idempotency-key'], id)
  t.equal(second?.headers['idempotency-key'], id, 'the same records, the same key')
  t.match(JSON.parse(first?.body ?? ''), { id, events: [{ id: 'A' }, HOSTILE] })
  await sink.close()
})

t.test('other records have another id', async (t) => {
  t.not(deliveryId([message('A')]), deliveryId([message('B')]))
  t.not(deliveryId([message('A'), message('B')]), deliveryId([message('B'), message('A')]))
  t.same(JSON.parse(webhookBody('m', [])), { id: 'm', events: [] })
})
