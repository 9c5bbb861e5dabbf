import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { parse } from 'yaml'
import { canonicalHost, formatAuthority, isIpLiteral, parseAuthority } from '../../src/domain/destination.ts'

interface Row {
  readonly it: string
  readonly means: string | null
  readonly spellings: readonly (string | number)[]
}

const table = parse(readFileSync(new URL('../cases/destinations.yaml', import.meta.url), 'utf8')) as Row[]

t.test('every spelling of a host has one canonical form, and what is none is refused', async (t) => {
  let count = 0
  for (const { it, means, spellings } of table) {
    for (const text of spellings) {
      count++
      t.equal(canonicalHost(String(text)), means, `${it}: ${JSON.stringify(text)}`)
    }
  }
  t.ok(count >= 100, `${count} spellings`)
})

t.test('a name of more than 253 characters, or a label of more than 63, is no host', async (t) => {
  const label = 'a'.repeat(63)
  t.equal(canonicalHost(`${label}.example`), `${label}.example`)
  t.equal(canonicalHost(`a${label}.example`), null)
  const longest = [label, label, label, 'a'.repeat(61)].join('.')
  t.equal(canonicalHost(`${longest}.`), longest)
  t.equal(canonicalHost(`a.${longest}`), null)
  t.equal(canonicalHost('a'.repeat(1_000_000)), null)
})

t.test('an authority is host and port, and nothing else', async (t) => {
  t.strictSame(parseAuthority('api.openai.com:443'), { ok: true, host: 'api.openai.com', port: 443 })
  t.strictSame(parseAuthority('api.openai.com'), { ok: true, host: 'api.openai.com', port: null })
  t.strictSame(parseAuthority('[::1]:8443'), { ok: true, host: '::1', port: 8443 })
  for (const bad of [
    'a:0',
    'a:65536',
    'a:b',
    '::1',
    '::1:443',
    '[::1',
    'u:p@h:443',
    'a:1:2',
    ':443',
    '[fe80::1%25eth0]:443',
  ]) {
    t.equal(parseAuthority(bad).ok, false, bad)
  }
})

t.test('canonical forms are stable and format to something that parses back', async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()), fc.integer({ min: 1, max: 65535 }), (text, port) => {
      const host = canonicalHost(text)
      if (host === null) return
      t.equal(canonicalHost(host), host)
      t.strictSame(parseAuthority(formatAuthority(host, port)), { ok: true, host, port })
    }),
    { numRuns: 200 },
  )
})

t.test('IP literals are told from names', async (t) => {
  t.ok(isIpLiteral('127.0.0.1'))
  t.ok(isIpLiteral('::1'))
  t.notOk(isIpLiteral('api.openai.com'))
})

t.test('every way to write an IPv4 address, also inside IPv6, is the same host', async (t) => {
  fc.assert(
    fc.property(fc.ipV4(), fc.nat(9), (address, form) => {
      const bytes = address.split('.').map(Number)
      const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
      const hex = (high: number): string => ((bytes[high] ?? 0) * 256 + (bytes[high + 1] ?? 0)).toString(16)
      const forms = [
        String(value),
        `0x${value.toString(16)}`,
        `0${value.toString(8)}`,
        bytes.map((byte) => `0${byte.toString(8)}`).join('.'),
        bytes.map((byte) => `0x${byte.toString(16)}`).join('.'),
        `${bytes[0] ?? 0}.${value % 2 ** 24}`,
        `::ffff:${hex(0)}:${hex(2)}`,
        `[::ffff:${address}]`,
        `64:ff9b::${address}`,
        `[::ffff:0:${address}].`.slice(0, -1),
      ]
      const written = forms[form] ?? ''
      t.equal(canonicalHost(written), address, written)
    }),
    { numRuns: 500 },
  )
})

t.test('no text makes it throw, and what comes out is plain, bounded and stable', async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.webAuthority(), fc.ipV6()), (text) => {
      const host = canonicalHost(text)
      if (host === null) return
      t.match(host, /^[a-z0-9._:-]{1,253}$/u, JSON.stringify(text))
      t.equal(canonicalHost(host), host)
      t.notOk(host.startsWith('.') || host.endsWith('.') || host.includes('..'))
    }),
    { numRuns: 1000 },
  )
})
