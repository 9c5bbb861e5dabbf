import t from 'tap'
import { type Case, openCase, readCase, readShareFile, shareCase } from '../../../src/audit/sealed/open-case.ts'
import { sealContent } from '../../../src/audit/sealed/seal-content.ts'
import { makeAuditors } from './auditors.ts'

async function setUp(threshold = 2) {
  const [ann, ben, cho, reader] = await makeAuditors('ann', 'ben', 'cho', 'reader')
  const to = { auditors: [ann!, ben!, cho!].map(({ publicKey }) => publicKey), threshold }
  const parts = ['request', 'response'] as const
  const texts = await Promise.all(
    parts.map((part) =>
      sealContent({ flow: '01F', part, contentType: null, isCut: false }, Buffer.from(`the ${part}`), to),
    ),
  )
  const given: Case = { v: 1, flow: '01F', reason: 'case 7', reader: JSON.parse(reader!.publicText), texts }
  return { ann: ann!, ben: ben!, cho: cho!, reader: reader!, given: readCase(JSON.stringify(given)) }
}

t.test('two of three auditors give the reader both texts; a share is of no use to anybody else', async (t) => {
  const { ann, cho, reader, given } = await setUp()
  const shares = await Promise.all(
    [ann, cho].map(async ({ privateKey }) => readShareFile(JSON.stringify(await shareCase(given, privateKey)))),
  )
  t.same(
    shares.map(({ name }) => name),
    ['ann', 'cho'],
  )
  const opened = await openCase(given, reader.privateKey, shares)
  t.same(
    opened.map(({ head: { part }, text }) => [part, Buffer.from(text).toString()]),
    [
      ['request', 'the request'],
      ['response', 'the response'],
    ],
  )
  await t.rejects(openCase(given, ann.privateKey, shares))
})

t.test('the same auditor twice is one auditor', async (t) => {
  const { ann, reader, given } = await setUp()
  const share = await shareCase(given, ann.privateKey)
  await t.rejects(openCase(given, reader.privateKey, [share, share]), /2 shares are needed to open it, here are 1/)
})

t.test('shares of another case do not count', async (t) => {
  const { ann, ben, reader, given } = await setUp()
  const shares = await Promise.all([ann, ben].map(({ privateKey }) => shareCase(given, privateKey)))
  await t.rejects(openCase({ ...given, flow: '01G' }, reader.privateKey, shares), /here are 0/)
})

t.test('a key that nothing is sealed to is told so, and what is no case or share is refused', async (t) => {
  const { reader, given } = await setUp()
  await t.rejects(shareCase(given, reader.privateKey), /nothing in this case is sealed to this key/)
  for (const text of ['', 'null', '{}', '{"v":1,"flow":"f","texts":[{}],"reader":{}}']) {
    t.throws(() => readCase(text))
    t.throws(() => readShareFile(text), /is no share/)
  }
})
