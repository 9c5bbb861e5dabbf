import t from 'tap'
import { hasCrc32Base62 } from '../../src/inspect/detectors/checksums.ts'
import { isJwt } from '../../src/inspect/detectors/jwt.ts'
import { expandExample } from '../../src/inspect/example-text.ts'

t.test('templates become text that looks random and is always the same', async (t) => {
  t.match(expandExample('ghp_<alnum:36>', 'a'), /^ghp_[A-Za-z0-9]{36}$/)
  t.match(expandExample('<hex:8>-<HEX:8> <digit:4>', 'a'), /^[0-9a-f]{8}-[0-9A-F]{8} \d{4}$/)
  t.equal(expandExample('<alnum:36>', 'a'), expandExample('<alnum:36>', 'a'))
  t.not(expandExample('<alnum:36>', 'a'), expandExample('<alnum:36>', 'b'))
  const [first, second] = expandExample('<hex:32> <hex:32>', 'a').split(' ')
  t.not(first, second, 'two places of one text differ')
})

t.test('check characters, tokens and line ends are made', async (t) => {
  t.ok(hasCrc32Base62(expandExample('ghp_<alnum:30><crc:6>', 'x')))
  t.ok(isJwt(expandExample('<jwt>', 'x')))
  t.match(expandExample('<uuid>', 'x'), /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  t.equal(expandExample('a<nl>b', 'x'), 'a\nb')
})

t.test('other angle brackets stay', async (t) => {
  for (const text of ['<password>', 'a < b > c', '<foo:3>', 'Ann <ann@x.de>', ''])
    t.equal(expandExample(text, 'x'), text)
})
