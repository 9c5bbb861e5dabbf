import t from 'tap'
import { FINDERS, VALIDATORS } from '../../../src/inspect/detectors/registry.ts'

t.test('every validator takes any text', async (t) => {
  for (const [name, isValid] of VALIDATORS) {
    for (const text of ['', 'a', '1234', 'é中😀', 'a.b.c', 'x'.repeat(1000)]) t.type(isValid(text), 'boolean', name)
  }
})

t.test('every finder takes any place of any text', async (t) => {
  for (const [name, find] of FINDERS) {
    for (const text of ['', '@', '1', '://', '-----BEGIN ', '😀1@a://b:c@d', '+1']) {
      for (let at = 0; at <= text.length; at += 1)
        t.equal(find(text, at, Math.min(at + 1, text.length)), null, `${name} ${text} ${at}`)
    }
  }
})

t.test('validators say what their names say', async (t) => {
  const rows: readonly [name: string, yes: string, no: string][] = [
    ['has-digit', 'a1', 'ab'],
    ['has-letter', 'a1', '12'],
    ['mixed-case', 'aB', 'ab'],
    ['not-words', 'k3Jd82', 'getPassword'],
    ['random', 'k3Jd82hfQz7mWx', 'customers-service-v2'],
    ['random', '1f2e3d4c-5b6a-4798-8071-6253443526ab', 'your-api-key-goes-here1'],
    ['luhn', '79927398713', '79927398710'],
    ['not-trivial-password', 'k3Jd82hf', 'password'],
    [
      'basic-credentials',
      Buffer.from('svc:k3Jd82hf').toString('base64'),
      Buffer.from('user:password').toString('base64'),
    ],
  ]
  for (const [name, yes, no] of rows) {
    t.equal(VALIDATORS.get(name)?.(yes), true, `${name} ${yes}`)
    t.equal(VALIDATORS.get(name)?.(no), false, `${name} ${no}`)
  }
})
