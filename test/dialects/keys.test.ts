import t from 'tap'
import { COMMON_NAMES, SIGNED_KEYS } from '../../src/dialects/keys.ts'

t.test('no key is both a plain name and signed', async (t) => {
  const signed: readonly string[] = SIGNED_KEYS
  t.strictSame(
    COMMON_NAMES.filter((name) => signed.includes(name)),
    [],
  )
})
