import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { createDecodingRoom } from '../../src/flow/decoding-room.ts'
import { openExchange } from '../../src/flow/exchange.ts'
import { alice, bodyWith, flowWorld, headOf, held, SECRET } from './flow-world.ts'

/** A room of 100 bytes, and work that ends when it is told to. */
function setUp() {
  const room = createDecodingRoom(400)
  const started: string[] = []
  const ends = new Map<string, () => void>()
  const ask = (name: string, bytes: number, client = name): Promise<string> =>
    room.run(client, bytes, () => {
      started.push(name)
      return new Promise((resolve) => ends.set(name, () => resolve(name)))
    })
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.()
    await new Promise(setImmediate)
  }
  return { started, ask, end }
}

t.test('what fits runs at once, what does not waits for room', async (t) => {
  const { started, ask, end } = setUp()
  const all = [ask('a', 60), ask('b', 40), ask('c', 50)]
  t.strictSame(started, ['a', 'b'])
  await end('b')
  t.strictSame(started, ['a', 'b'], 'still too little')
  await end('a')
  t.strictSame(started, ['a', 'b', 'c'])
  await end('c')
  t.strictSame(await Promise.all(all), ['a', 'b', 'c'])
})

t.test('what is larger than the room runs alone', async (t) => {
  const { started, ask, end } = setUp()
  const all = [ask('huge', 1000), ask('small', 1)]
  t.strictSame(started, ['huge'])
  await end('huge')
  t.strictSame(started, ['huge', 'small'])
  await end('small')
  await Promise.all(all)
})

t.test('clients take turns, however many bodies one of them has', async (t) => {
  const { started, ask, end } = setUp()
  const all = [ask('1', 100, 'greedy'), ask('2', 100, 'greedy'), ask('3', 100, 'greedy'), ask('other', 100)]
  await end('1')
  await end('2')
  t.strictSame(started, ['1', '2', 'other'], 'before the third of the greedy one')
  await end('other')
  await end('3')
  await Promise.all(all)
})

t.test('work that fails gives its room back', async (t) => {
  const room = createDecodingRoom(400)
  await t.rejects(
    room.run('a', 100, () => Promise.reject(new Error('broken'))),
    /broken/,
  )
  t.equal(await room.run('b', 100, () => Promise.resolve('ran')), 'ran')
})

t.test('whatever is asked for: never more than the room unless alone, and all comes to an end', async (t) => {
  const asks = fc.array(
    fc.record({ client: fc.constantFrom('a', 'b', 'c'), bytes: fc.integer({ min: 1, max: 150 }) }),
    {
      maxLength: 30,
    },
  )
  await fc.assert(
    fc.asyncProperty(asks, async (list) => {
      const room = createDecodingRoom(400)
      const running: number[] = []
      const isBounded = await Promise.all(
        list.map(({ client, bytes }) =>
          room.run(client, bytes, async () => {
            running.push(bytes)
            const used = running.reduce((sum, each) => sum + each, 0)
            const isAlone = running.length === 1
            await new Promise(setImmediate)
            running.splice(running.indexOf(bytes), 1)
            return isAlone || used <= 100
          }),
        ),
      )
      return isBounded.length === list.length && !isBounded.includes(false)
    }),
  )
  t.pass()
})

/** How many of ten bodies are looked into at the same time, with room for two of them. */
async function mostAtOnce(coding: string | null): Promise<number> {
  const world = flowWorld({ tier: 'restricted' })
  let now = 0
  let most = 0
  const inspect = {
    ...world.ports.inspect,
    inspect: async (request: Parameters<typeof world.ports.inspect.inspect>[0]) => {
      now += 1
      most = Math.max(most, now)
      await new Promise((resolve) => setTimeout(resolve, 5))
      now -= 1
      return await world.ports.inspect.inspect(request)
    },
  }
  const plain = Buffer.from(bodyWith(`${SECRET.high} ${randomBytes(50_000).toString('hex')}`))
  const bytes = coding === null ? plain : gzipSync(plain)
  const room = createDecodingRoom(4 * 2 * bytes.length * world.ports.limits.decodedRatio)
  const ports = { ...world.ports, inspect, decoding: room }
  const lines = coding === null ? [] : ['content-encoding', coding]
  const head = headOf({}, lines)
  const bodies = Array.from({ length: 10 }, async () => {
    const exchange = openExchange(ports, { client: alice, head, http: '1.1', hasBody: true })
    const { body } = await exchange.judge({ ...held(''), bytes })
    return body !== null
  })
  return (await Promise.all(bodies)).includes(false) ? Number.NaN : most
}

t.test('compressed bodies are read a few at a time, and others are not held up', async (t) => {
  t.equal(await mostAtOnce('gzip'), 2)
  t.equal(await mostAtOnce(null), 10)
})
