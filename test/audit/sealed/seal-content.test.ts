import fc from 'fast-check'
import t from 'tap'
import { decryptWith, openContent, type SealedContent, sealContent } from '../../../src/audit/sealed/seal-content.ts'
import { type Auditor, makeAuditors } from './auditors.ts'

const HEAD = { flow: '01KFLOW', part: 'request', contentType: 'application/json', isCut: false } as const
const text = Buffer.from('{"prompt":"the plan of the merger"}')

const sharesOf = (sealed: SealedContent, auditors: readonly Auditor[]): Promise<Uint8Array[]> =>
  Promise.all(
    auditors.map(({ privateKey: { kid, key } }) => {
      const share = sealed.shares.find((each) => each.kid === kid)
      return decryptWith(share?.jwe ?? '', key)
    }),
  )

t.test('so many auditors as asked for read the text, whoever of them they are; fewer do not', async (t) => {
  const auditors = await makeAuditors('ann', 'ben', 'cho', 'dee')
  const to = auditors.map(({ publicKey }) => publicKey)
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.shuffledSubarray(auditors, { minLength: 1 }),
      fc.uint8Array({ maxLength: 3000 }),
      async (threshold, present, bytes) => {
        const sealed = await sealContent(HEAD, bytes, { auditors: to, threshold })
        const opened = openContent(JSON.parse(JSON.stringify(sealed)), await sharesOf(sealed, present))
        if (present.length < threshold) await t.rejects(opened, /shares are needed/)
        else t.same(Buffer.from(await opened), Buffer.from(bytes))
      },
    ),
    { numRuns: 25 },
  )
})

t.test('nothing of the text stands in the sealed record, and two of the same text share nothing', async (t) => {
  const auditors = (await makeAuditors('ann', 'ben')).map(({ publicKey }) => publicKey)
  const [one, two] = await Promise.all([1, 2].map(() => sealContent(HEAD, text, { auditors, threshold: 2 })))
  t.notMatch(JSON.stringify(one), /merger/)
  t.not(one?.jwe, two?.jwe)
})

t.test('fewer shares than the threshold do not open it, even when the record claims that they do', async (t) => {
  const auditors = await makeAuditors('ann', 'ben', 'cho')
  const sealed = await sealContent(HEAD, text, { auditors: auditors.map(({ publicKey }) => publicKey), threshold: 3 })
  const shares = await sharesOf(sealed, auditors.slice(0, 2))
  await t.rejects(openContent({ ...sealed, threshold: 2 }, shares))
  await t.rejects(openContent({ ...sealed, threshold: 1 }, shares))
})

t.test('a changed record does not open', async (t) => {
  const [ann] = await makeAuditors('ann')
  const sealed = await sealContent(HEAD, text, { auditors: [ann!.publicKey], threshold: 1 })
  const shares = await sharesOf(sealed, [ann!])
  t.same(Buffer.from(await openContent(sealed, shares)), text)
  await t.rejects(openContent({ ...sealed, head: { ...HEAD, flow: '01KOTHER' } }, shares), /was changed/)
  await t.rejects(openContent({ ...sealed, jwe: `${sealed.jwe.slice(0, -3)}AAA` }, shares))
  const [eve] = await makeAuditors('eve')
  await t.rejects(decryptWith(sealed.shares[0]!.jwe, eve!.privateKey.key))
})
