import t from 'tap'
import type { Verdict } from '../../src/domain/identity.ts'
import { createTokenSource, type KnownToken, type TokenSettings } from '../../src/identity/proxy-token.ts'
import { hashSecret } from '../../src/identity/token-hash.ts'
import { formatToken, makeTokenText } from '../../src/identity/token-text.ts'

const NOW = 1_800_000_000_000
const LONG = 3_600_000

const first = makeTokenText()
const second = makeTokenText()
const hashes = await Promise.all([hashSecret(first.secret), hashSecret(second.secret)])

const record = (change: Partial<KnownToken> = {}): KnownToken => ({
  id: first.id,
  user: 'li.wei',
  groups: ['dev'],
  device: 'LT-1',
  hash: hashes[0],
  expiresMs: NOW + LONG,
  revokedMs: null,
  ...change,
})

const basic = (user: string, token: string): string => Buffer.from(`${user}:${token}`).toString('base64')
const GOOD = basic('li.wei', formatToken(first))
const facts = (address = '10.0.0.1') => ({ peer: address, address, certificate: null })

function setUp(settings: Partial<TokenSettings> = {}) {
  const state = { version: 1, now: NOW, tick: 0, tokens: [record()], finds: 0, uses: [] as string[], isBroken: false }
  const source = createTokenSource({
    tokens: {
      version: () => {
        if (state.isBroken) throw new Error('disk I/O error')
        return state.version
      },
      find: (id) => {
        state.finds++
        return state.tokens.find((token) => token.id === id) ?? null
      },
      noteUse: (token) => state.uses.push(token.id),
    },
    settings: () => ({ realm: 'ACME', cacheMs: 1000, max: 3, windowMs: 60_000, ...settings }),
    nowMs: () => state.now,
    tickMs: () => state.tick,
  })
  const verify = async (credential: string, address?: string): Promise<Verdict> =>
    source.verify(credential, facts(address))
  return { state, source, verify }
}

t.test('a token names its user, groups and device, whatever the case of the user', async (t) => {
  const { verify, source, state } = setUp()
  const proof = { kind: 'proof', proof: { assurance: 'token', user: 'li.wei', groups: ['dev'], device: 'LT-1' } }
  t.match(await verify(GOOD), proof)
  t.match(await verify(basic('LI.Wei', formatToken(first))), proof)
  t.equal(source.challenge, 'Basic realm="ACME", charset="UTF-8"')
  t.strictSame(state.uses, [first.id, first.id])
})

t.test('wrong secret, user, id, shape: wrong, and the reason never holds what was sent', async (t) => {
  const { verify } = setUp({ max: 100 })
  const other = formatToken({ ...first, secret: second.secret })
  const sent = [
    basic('ann', formatToken(first)),
    basic('li.wei', other),
    basic('li.wei', formatToken(second)),
    basic('li.wei', 'hunter2'),
    'garbage!',
    '',
    basic('', formatToken(first)),
  ]
  for (const credential of sent) {
    const verdict = await verify(credential)
    t.match(verdict, { kind: 'wrong', detail: /^[a-z ]+$/u }, credential)
  }
})

t.test('an expired token and a revoked one are wrong, also when they were right before', async (t) => {
  const { state, verify } = setUp()
  t.match(await verify(GOOD), { kind: 'proof' })
  state.now = NOW + LONG
  t.match(await verify(GOOD), { kind: 'wrong', detail: 'expired token' }, 'known by heart, and still expired')
  state.now = NOW
  state.tokens = [record({ revokedMs: NOW })]
  state.version++
  t.match(await verify(GOOD), { kind: 'wrong', detail: 'revoked token' })
})

t.test('a checked token is answered at once until its time is over or the store has changed', async (t) => {
  const { state, source, verify } = setUp()
  t.type(source.verify(GOOD, facts()), Promise, 'the first time it is hashed')
  await verify(GOOD)
  t.match(source.verify(GOOD, facts()), { kind: 'proof' }, 'then it is known')
  t.equal(state.finds, 1, 'programs that open several connections at once are checked once')
  state.tick = 1000
  await verify(GOOD)
  t.equal(state.finds, 2)
  state.version++
  await verify(GOOD)
  t.equal(state.finds, 3)
})

t.test('after other tokens changed a checked one is looked up again, not counted as an attempt', async (t) => {
  const { state, verify } = setUp({ max: 1 })
  t.equal((await verify(GOOD)).kind, 'proof')
  t.equal((await verify(basic('li.wei', 'nonsense'))).kind, 'wrong')
  state.version++
  state.tokens = [record({ groups: ['ops'] })]
  t.match(await verify(GOOD), { kind: 'proof', proof: { groups: ['ops'] } })
  t.equal((await verify(basic('li.wei', 'other'))).kind, 'slow-down')
  state.version++
  state.tokens = []
  t.not((await verify(GOOD)).kind, 'proof')
})

t.test('a tunnel that a token opened hears of its revocation', async (t) => {
  const { state, verify } = setUp()
  const verdict = await verify(GOOD)
  const stillHolds = verdict.kind === 'proof' ? verdict.proof.stillHolds : undefined
  t.equal(stillHolds?.(), true)
  state.version++
  t.equal(stillHolds?.(), true, 'another token was made')
  state.isBroken = true
  t.equal(stillHolds?.(), true, 'a store that cannot be read takes nothing back')
  state.isBroken = false
  state.tokens = [record({ revokedMs: NOW })]
  state.version++
  t.equal((await verify(GOOD)).kind, 'wrong', 'another request sees the change first')
  t.equal(stillHolds?.(), false)
  state.tokens = [record()]
  state.now = NOW + LONG
  t.equal(stillHolds?.(), false, 'nor is an expired one good for ever')
})

t.test(
  'many different wrong credentials of one address are not looked at any more; known good ones pass',
  async (t) => {
    const { state, verify } = setUp()
    t.match(await verify(GOOD), { kind: 'proof' })
    for (const index of [1, 2, 3]) t.match(await verify(basic('x', `wrong ${index}`)), { kind: 'wrong' })
    t.strictSame(await verify(basic('x', 'wrong 4')), { kind: 'slow-down' })
    t.match(await verify(GOOD), { kind: 'proof' }, 'whoever was right lately is not punished for a neighbour')
    t.match(await verify(GOOD, '10.0.0.2'), { kind: 'proof' })
    t.match(await verify(basic('x', 'wrong 4'), '10.0.0.2'), { kind: 'wrong' }, 'another address has its own count')
    state.tick = 60_000
    t.match(await verify(basic('x', 'wrong 5')), { kind: 'wrong' })
  },
)

t.test('behind one address, wrong tokens of a neighbour shut no good one out, however many come at once', async (t) => {
  const { state, verify } = setUp()
  for (const index of [1, 2, 3]) await verify(basic('x', `wrong ${index}`))
  t.strictSame(await verify(basic('x', 'wrong 4')), { kind: 'slow-down' })
  t.match(await verify(GOOD), { kind: 'proof' }, 'not seen before, and looked at all the same')
  const many = Array.from({ length: 12 }, makeTokenText)
  state.tokens = await Promise.all(
    many.map(async ({ id, secret }, index) => record({ id, user: `u${index}`, hash: await hashSecret(secret) })),
  )
  const fresh = setUp({ max: 2 })
  fresh.state.tokens = state.tokens
  const verdicts = await Promise.all(many.map((text, index) => fresh.verify(basic(`u${index}`, formatToken(text)))))
  t.ok(
    verdicts.every(({ kind }) => kind === 'proof'),
    'a whole office at once, of which only two may be wrong',
  )
})

t.test('guesses at one known token are still counted, and bounded per address', async (t) => {
  const { state, verify } = setUp({ max: 2 })
  const guess = (letter: string) => basic('li.wei', formatToken({ ...first, secret: letter.repeat(32) }))
  const kinds: string[] = []
  for (const letter of 'abcdefgh') kinds.push((await verify(guess(letter))).kind)
  t.strictSame(kinds, ['wrong', 'wrong', 'wrong', 'wrong', 'wrong', 'slow-down', 'slow-down', 'slow-down'])
  t.strictSame(await verify(GOOD), { kind: 'slow-down' }, 'who guesses at it knows its id')
  t.match(await verify(GOOD, '10.0.0.2'), { kind: 'proof' }, 'and stands at another address')
  state.tick = 60_000
  t.match(await verify(guess('i')), { kind: 'wrong' })
})

t.test('an old token counts as no attempt, and is not hashed', async (t) => {
  const { state, source, verify } = setUp({ max: 1 })
  state.tokens = [record({ revokedMs: NOW })]
  t.match(source.verify(GOOD, facts()), { kind: 'wrong', detail: 'revoked token' })
  state.tokens = [record({ expiresMs: NOW })]
  state.version++
  t.match(source.verify(GOOD, facts()), { kind: 'wrong', detail: 'expired token' })
  t.match(await verify(basic('x', 'wrong 1')), { kind: 'wrong' })
})

t.test('one wrong credential again and again is one attempt, and looked up once', async (t) => {
  const { state, verify } = setUp({ max: 2 })
  const stale = basic('li.wei', formatToken(second))
  for (let round = 0; round < 20; round++) t.match(await verify(stale), { kind: 'wrong' })
  t.equal(state.finds, 1)
  t.match(await verify(GOOD), { kind: 'proof' }, 'a client with an old token locks nobody out')
  state.tick = 30_000
  await verify(stale)
  t.equal(state.finds, 3, 'after a while it is looked up again')
})

t.test('a flood of checks is held off: what has no room is our trouble and no wrong password', async (t) => {
  const { state, source } = setUp({ max: 1000 })
  state.tokens = [record({ hash: 'cannot be read, so that it takes no time' })]
  const secretOf = (index: number): string =>
    'a'.repeat(30) + 'abcdefghijklm'.charAt(index % 10) + 'abcdefghijklm'.charAt(index / 10)
  const texts = Array.from({ length: 110 }, (_, index) =>
    basic('li.wei', formatToken({ ...first, secret: secretOf(index) })),
  )
  const verdicts = await Promise.all(texts.map(async (text) => source.verify(text, facts())))
  t.equal(verdicts.filter(({ kind }) => kind === 'wrong').length, 102, 'two at once and a hundred that wait')
  t.equal(verdicts.filter(({ kind }) => kind === 'unavailable').length, 8)
})

t.test('a store that cannot be read is our trouble and no wrong password', async (t) => {
  const { state, verify } = setUp()
  state.isBroken = true
  t.match(await verify(GOOD), { kind: 'unavailable', detail: /disk I\/O error/u })
  state.isBroken = false
  t.match(await verify(GOOD), { kind: 'proof' })
})
