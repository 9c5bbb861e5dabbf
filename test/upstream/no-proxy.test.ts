import fc from 'fast-check'
import t from 'tap'
import { createNoProxyMatcher } from '../../src/upstream/no-proxy.ts'

/** Rule → destinations that go past the parent, and such that do not. */
const TABLE: Readonly<Record<string, { readonly past: string[]; readonly through: string[] }>> = {
  '*': { past: ['a.example:443', '10.0.0.1:80'], through: [] },
  'corp.example': {
    past: ['corp.example:443', 'a.corp.example:80', 'b.a.corp.example:1'],
    through: ['notcorp.example:443', 'corp.example.evil.test:443', 'example:443'],
  },
  '.corp.example': { past: ['a.corp.example:443'], through: ['corp.example:443', 'acorp.example:443'] },
  '*.corp.example': { past: ['a.corp.example:443', 'b.a.corp.example:443'], through: ['corp.example:443'] },
  'CORP.example': { past: ['corp.example:443'], through: [] },
  'corp.example:8443': { past: ['corp.example:8443', 'a.corp.example:8443'], through: ['corp.example:443'] },
  '10.0.0.0/8': { past: ['10.255.0.1:443'], through: ['11.0.0.1:443', 'ten.example:443', '[fd00::1]:443'] },
  '192.0.2.7': { past: ['192.0.2.7:80'], through: ['192.0.2.70:80', '1192.0.2.7.example:80'] },
  '192.0.2.7:8080': { past: ['192.0.2.7:8080'], through: ['192.0.2.7:80'] },
  'fd00::/8': { past: ['[fd12::1]:443'], through: ['[2001:db8::1]:443'] },
  '[2001:db8::1]:443': { past: ['[2001:db8::1]:443'], through: ['[2001:db8::1]:80'] },
  '2001:db8::1': { past: ['[2001:db8:0::1]:80'], through: ['[2001:db8::2]:80'] },
  'not a rule': { past: [], through: ['not a rule:443', 'a.example:443'] },
  '': { past: [], through: ['a.example:443'] },
}

const split = (text: string): [string, number] => {
  const at = text.lastIndexOf(':')
  return [text.slice(0, at).replace(/^\[|\]$/gu, ''), Number(text.slice(at + 1))]
}

for (const [rule, { past, through }] of Object.entries(TABLE)) {
  t.test(`the rule \`${rule}\` names what it says and nothing else`, (t) => {
    const matches = createNoProxyMatcher([rule])
    for (const each of past) t.equal(matches(...split(each)), true, `${each} goes past`)
    for (const each of through) t.equal(matches(...split(each)), false, `${each} goes through`)
    t.end()
  })
}

t.test('no rule: nothing goes past; several: any of them counts', (t) => {
  t.equal(createNoProxyMatcher([])('a.example', 443), false)
  t.equal(createNoProxyMatcher(['b.example', 'a.example'])('a.example', 443), true)
  t.end()
})

t.test('whatever stands in the list, the reader does not throw', (t) => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.string(), (rules, host) => {
      createNoProxyMatcher(rules)(host, 443)
    }),
  )
  t.end()
})
