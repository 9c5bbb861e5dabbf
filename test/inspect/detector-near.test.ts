import fc from 'fast-check'
import t from 'tap'
import { nearFinder } from '../../src/inspect/detector-near.ts'
import { expandExample } from '../../src/inspect/example-text.ts'

const VALUE = expandExample('<hex:32>', 'near')
const MIXED = expandExample('<loweralnum:32>', 'mixed')
const find = nearFinder(/[a-z0-9]{32}(?!\w|[-.+/]\w)/y)

function found(text: string): string | null {
  const at = text.toLowerCase().indexOf('acme')
  const span = find(text, at, at + 4)
  return span === null ? null : text.slice(span.start, span.end)
}

t.test('a value of the right shape after the name of its provider', async (t) => {
  const ways = [
    `ACME_API_KEY=${VALUE}`,
    `"acmeToken": "${VALUE}"`,
    `myAcmeSecret = '${VALUE}'`,
    `[INFO] Sending request to acme API\n\t[DEBUG] Using API_KEY=${VALUE}\n`,
    `You can find an acme secret ${VALUE} within`,
    `<secret>{acme AQAAABAAA ${VALUE}}</secret>`,
    `https://api.acme.com/v1?apikey=${VALUE}`,
    `acme token = '${VALUE}'`,
    `acme=${VALUE}`,
  ]
  for (const text of ways) t.equal(found(text), VALUE, text)
})

t.test('a value that what is called by the name is given, that a command or a table has for it', async (t) => {
  const ways = [
    `sdk = acme("${VALUE}")`,
    `new acmeService('${VALUE}')`,
    `acme.init('${VALUE}', { debug: true })`,
    `const c = require('acme')('${VALUE}')`,
    `acmesearch('APP1', '${VALUE}')`,
    `acme-cli -k ${VALUE} list`,
    `acme,production,${MIXED},2026`,
    `"acme": "${MIXED}"`,
    `acme ${MIXED}`,
    `"acme_private": "${VALUE}"`,
  ]
  for (const text of ways) t.ok(found(text), text)
  for (const text of [`acme,production,${VALUE},2026`, `bump acme ${VALUE}`, `acme.get(commit, '${VALUE}')`])
    t.equal(found(text), null, text)
})

t.test('not without a word for a secret, not of another length, not too far away', async (t) => {
  const lines = [
    `acme: ${VALUE}`,
    `acme_commit = ${VALUE}`,
    `ACME_KEY=${VALUE}0`,
    `ACME_KEY=${VALUE}-1`,
    `acme key sha1: ${VALUE}`,
    `xacmekey=${VALUE}`,
    `acme/api/image@${VALUE}`,
    `acme is a name that stands rather far away from the key,\n as here: ${VALUE}`,
    `ACME_KEY=someverylongidentifierwithoutsec`,
  ]
  for (const text of lines) t.equal(found(text), null, text)
})

t.test('what lock files say of a package with the name of a provider is no credential', async (t) => {
  const hex = expandExample('<hex:40>', 'near')
  const findAny = nearFinder(/[\w+/.-]{12,90}=?(?!\w)/y)
  const lines = [
    `"https://registry.yarnpkg.com/acme-api/-/acme-api-1.2.3.tgz#${hex}"`,
    `github.com/acme/api-client v1.2.3 h1:${expandExample('<base64:43>', 'near')}=`,
    `github.com/acme/api-client v0.0.0-20240102150405-${hex.slice(0, 12)} // indirect`,
    `gem 'acme-api', git: 'https://github.com/acme/api', ref: '${hex}'`,
    `{file = "acme_api-1.0.0-py3-none-any.whl"}`,
    `DEBUG acme api request id=${expandExample('<uuid>', 'near')} status=200`,
    `acme api request-id: ${expandExample('<uuid>', 'near')}`,
  ]
  for (const text of lines) {
    const at = text.indexOf('acme')
    t.equal(findAny(text, at, at + 4), null, text)
  }
})

t.test('passing over what is too short finds the same as looking at every run', async (t) => {
  const quick = nearFinder(/[a-z0-9]{24}(?!\w)/y)
  // What is behind the look-ahead cannot be measured: every run of one character and more is looked at.
  const thorough = nearFinder(/(?=[a-z0-9])[a-z0-9]{24}(?!\w)/y)
  const value = fc.stringMatching(/^[a-z0-9]{24}$/u)
  const piece = fc.oneof(
    value,
    fc.constantFrom('key=', ' ', '"', '\n', 'a', '-', 'x9', 'é', '密', '(', 'q7'.repeat(30)),
  )
  let count = 0
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const text = `acme_key${pieces.join('')}`
      const span = quick(text, 0, 4)
      if (span !== null) count += 1
      t.strictSame(span, thorough(text, 0, 4), text)
    }),
    { numRuns: 1000 },
  )
  t.ok(count > 100, `${count}`)
})

t.test('what is known of a pattern beforehand spares looks and changes no answer', async (t) => {
  const ends = String.raw`(?!\w|[-.+/]\w)`
  const shapes = [
    '[a-z0-9]{12}',
    '[A-Za-z0-9/+]{14}',
    'MII[A-Za-z0-9+/=]{9,20}',
    '(?:ab|[c-e]x)[0-9a-f]{10,12}',
    '[\\w-]{11}',
  ]
  const pieces = fc.oneof(
    fc.constantFrom(
      'acme',
      'ACME',
      '_',
      '-',
      '/',
      '+',
      '.',
      '=',
      ' ',
      '\n',
      '"',
      'key',
      'token: ',
      '\\n',
      '%3D',
      'é',
      '密',
    ),
    fc.stringMatching(/^(?:ab|cx|MII)?[0-9a-f]{3,14}$/),
    fc.stringMatching(/^[A-Za-z0-9/+]{1,16}$/),
  )
  for (const shape of shapes) {
    const knowing = nearFinder(new RegExp(`(?:${shape})${ends}`, 'y'))
    const unknowing = nearFinder(new RegExp(`(?<all>${shape})${ends}`, 'y')) // a named group is not understood
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = `acme_key=${parts.join('')}`
        for (const { index } of text.matchAll(/acme/gi)) {
          t.same(knowing(text, index, index + 4), unknowing(text, index, index + 4), text)
        }
      }),
    )
  }
})
