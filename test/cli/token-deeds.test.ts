import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { watchTokenDeeds } from '../../src/cli/token-deeds.ts'
import type { ForeignDeed, TokenDeed } from '../../src/state/token-store.ts'

function setUp() {
  const state = {
    version: 1,
    deeds: [] as (TokenDeed | ForeignDeed)[],
    recorded: [] as string[],
    logged: [] as string[],
    isFull: false,
  }
  const watch = () =>
    watchTokenDeeds({
      tokens: {
        version: () => state.version,
        deeds: () => [...state.deeds],
        forgetDeed: (seq) => {
          state.deeds = state.deeds.filter((deed) => deed.seq !== seq)
        },
      },
      record: async ({ target, ...rest }) => {
        if (state.isFull) throw new Error('no space')
        if ('seq' in rest) throw new Error('the number is no part of a deed')
        state.recorded.push(target)
      },
      log: { error: (_fields, event) => state.logged.push(event) },
      everyMs: 2,
    })
  const add = (target: string): void => {
    state.deeds.push({
      seq: ++state.version,
      actor: 'cli:root',
      operation: 'token.make',
      target,
      before: null,
      after: null,
    })
  }
  const until = async (isDone: () => boolean): Promise<void> => {
    while (!isDone()) await sleep(2)
  }
  return { state, watch, add, until }
}

t.test(
  'deeds that wait are recorded at the start, later ones when another process has written; each once',
  async (t) => {
    const { state, watch, add, until } = setUp()
    add('token:a')
    add('token:b')
    const deeds = watch()
    await until(() => state.deeds.length === 0)
    add('token:c')
    await until(() => state.deeds.length === 0)
    await deeds.close()
    t.strictSame(state.recorded, ['token:a', 'token:b', 'token:c'])
    t.strictSame(state.logged, [])
  },
)

t.test('a deed that could not be recorded stays and is tried again', async (t) => {
  const { state, watch, add, until } = setUp()
  state.isFull = true
  add('token:a')
  const deeds = watch()
  await until(() => state.logged.length > 1)
  t.equal(state.deeds.length, 1)
  state.isFull = false
  await until(() => state.deeds.length === 0)
  await deeds.close()
  t.strictSame(state.recorded, ['token:a'])
  t.match(state.logged[0], 'identity.token-deeds-failed')
})

t.test('what no command of ours noted is told, dropped, and holds nothing up', async (t) => {
  const { state, watch, add, until } = setUp()
  state.deeds.push({ seq: 0, isForeign: true })
  add('token:a')
  const deeds = watch()
  await until(() => state.deeds.length === 0)
  await deeds.close()
  t.strictSame(state.recorded, ['token:a'])
  t.strictSame(state.logged, ['identity.foreign-deed'])
})
