import t from 'tap'
import { closeAll } from '../../src/cli/opened.ts'

t.test('the last opened is closed first, each waits for the one before, and a failure stops none', async (t) => {
  const order: string[] = []
  const logged: unknown[] = []
  const broken = new Error('stuck')
  const opened = [
    { close: () => order.push('first') },
    {
      close: () => {
        order.push('thrown')
        throw broken
      },
    },
    {
      close: async () => {
        await Promise.resolve()
        order.push('rejected')
        throw broken
      },
    },
    {
      close: async () => {
        await new Promise((resolve) => setImmediate(resolve))
        order.push('last')
      },
    },
  ]
  const log = { error: (fields: object, event: string) => logged.push({ ...fields, event }) }
  await closeAll(opened, log)
  t.strictSame(order, ['last', 'rejected', 'thrown', 'first'])
  t.strictSame(logged, [
    { err: broken, event: 'app.close-failed' },
    { err: broken, event: 'app.close-failed' },
  ])
  await closeAll(opened, log)
  t.equal(order.length, 4, 'nothing is closed twice')
})
