import t from 'tap'
import { Waiter } from '../../../src/audit/sinks/waiter.ts'

t.test('news that came since it last listened are not waited for', async (t) => {
  const waiter = new Waiter()
  waiter.listen()
  waiter.notify()
  await waiter.news()
  t.pass('at once')
})

t.test('it waits for news, and a stop ends that', async (t) => {
  const waiter = new Waiter()
  waiter.listen()
  const order: string[] = []
  const waiting = waiter.news().then(() => order.push('woken'))
  await Promise.resolve()
  order.push('told')
  waiter.notify()
  await waiting
  t.strictSame(order, ['told', 'woken'])
  waiter.listen()
  const again = waiter.news()
  waiter.stop()
  await again
  t.equal(waiter.isStopped, true)
})

t.test('news do not shorten a pause, a stop does', async (t) => {
  const waiter = new Waiter()
  let isOver = false
  const pause = waiter.pause(3_600_000).then(() => (isOver = true))
  waiter.notify()
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(isOver, false)
  waiter.stop()
  await pause
  await waiter.pause(3_600_000)
  await waiter.pause(0)
  t.pass('after a stop nothing waits')
})
