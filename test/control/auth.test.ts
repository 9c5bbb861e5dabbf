import t from 'tap'
import { createAttempts } from '../../src/control/attempts.ts'
import { authenticate } from '../../src/control/auth.ts'
import { adminToken } from '../../src/control/token.ts'
import { thrownBy } from './fixture.ts'

const RIGHT = 'r'.repeat(43)
const options = (maxFailures = 10) => ({
  tokens: [adminToken('admin', RIGHT), adminToken('auditor', 'a'.repeat(43))],
  attempts: createAttempts({ nowMs: () => 0, maxFailures }),
})

t.test('a right token names its holder', async (t) => {
  t.equal(authenticate(options(), `Bearer ${RIGHT}`, '::1'), 'token:admin')
  t.equal(authenticate(options(), `bearer  ${'a'.repeat(43)}`, '::1'), 'token:auditor')
})

t.test('no token and wrong tokens are refused with what to send', async (t) => {
  const wrong = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${RIGHT}`,
    `Bearer ${RIGHT}x`,
    `Bearer ${RIGHT.slice(1)}`,
    RIGHT,
  ]
  for (const header of wrong) {
    t.match(
      await thrownBy(() => authenticate(options(), header, '::1')),
      { status: 401, headers: { 'www-authenticate': /^Bearer realm="weir"/ } },
      String(header),
    )
  }
})

t.test('without any token in the configuration nobody gets in', async (t) => {
  t.match(await thrownBy(() => authenticate({ ...options(), tokens: [] }, `Bearer ${RIGHT}`, '::1')), { status: 401 })
})

t.test('wrong tokens are limited per address, and then the right one waits too', async (t) => {
  const limited = options(2)
  t.match(await thrownBy(() => authenticate(limited, 'Bearer wrong', 'a')), { status: 401 })
  t.match(await thrownBy(() => authenticate(limited, 'Bearer wrong', 'a')), { status: 401 })
  t.match(await thrownBy(() => authenticate(limited, `Bearer ${RIGHT}`, 'a')), {
    status: 429,
    headers: { 'retry-after': '60' },
  })
  t.equal(authenticate(limited, `Bearer ${RIGHT}`, 'b'), 'token:admin')
})

t.test('a missing token is no guess', async (t) => {
  const limited = options(1)
  t.match(await thrownBy(() => authenticate(limited, undefined, 'a')), { status: 401 })
  t.equal(authenticate(limited, `Bearer ${RIGHT}`, 'a'), 'token:admin')
})

t.test('a refusal never repeats the token', async (t) => {
  const error = await thrownBy(() => authenticate(options(), 'Bearer guessed-token-value', '::1'))
  t.match(error, { status: 401 })
  t.notMatch(JSON.stringify(error) + String((error as Error).stack), /guessed-token-value/)
})
