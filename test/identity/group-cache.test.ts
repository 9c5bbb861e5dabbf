import t from 'tap'
import { createGroupCache } from '../../src/identity/group-cache.ts'

function setUp() {
  const state = { tick: 0, asked: [] as string[], failures: 0, isDown: false, groups: ['dev'] }
  const cache = createGroupCache({
    directory: {
      groupsOf: async (user) => {
        state.asked.push(user)
        if (state.isDown) throw new Error('connect ECONNREFUSED')
        return state.groups
      },
    },
    cacheMs: 60_000,
    tickMs: () => state.tick,
    onFailure: () => state.failures++,
  })
  return { state, cache }
}

t.test('a user is asked for once, at once by many, and answered synchronously from then on', async (t) => {
  const { state, cache } = setUp()
  t.strictSame(await Promise.all([cache.groupsOf('ann'), cache.groupsOf('Ann'), cache.groupsOf('ann')]), [
    ['dev'],
    ['dev'],
    ['dev'],
  ])
  t.strictSame(cache.groupsOf('ANN'), ['dev'])
  t.strictSame(state.asked, ['ann'])
  state.groups = ['ops']
  state.tick = 60_000
  t.strictSame(await cache.groupsOf('ann'), ['ops'], 'when the answer is old it is asked for again')
})

t.test('a directory that is down costs nobody the groups that were known, and gives nobody any', async (t) => {
  const { state, cache } = setUp()
  await cache.groupsOf('ann')
  state.isDown = true
  state.tick = 60_000
  t.strictSame(await cache.groupsOf('ann'), ['dev'])
  t.strictSame(await cache.groupsOf('bob'), [])
  t.equal(state.failures, 2)
  t.strictSame(cache.groupsOf('ann'), ['dev'], 'it is left alone for a while: no request waits for it')
  t.strictSame(cache.groupsOf('bob'), [])
  t.equal(state.failures, 2)
  state.isDown = false
  state.tick += 10_000
  t.strictSame(await cache.groupsOf('bob'), ['dev'])
})

t.test('any number of users takes a bounded memory', async (t) => {
  const { state, cache } = setUp()
  for (let index = 0; index < 10_001; index++) await cache.groupsOf(`u${index}`)
  t.type(cache.groupsOf('u0'), Promise, 'the oldest was forgotten')
  t.strictSame(cache.groupsOf('u10000'), ['dev'])
  t.equal(state.failures, 0)
})
