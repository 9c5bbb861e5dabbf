import { argon2Sync } from 'node:crypto'
import t from 'tap'
import { createGate, hashSecret, verifySecret } from '../../src/identity/token-hash.ts'

t.test('a secret fits its own hash and no other, and no hash is like another', async (t) => {
  const [one, two] = await Promise.all([hashSecret('s3cret'), hashSecret('s3cret')])
  t.match(one, /^\$argon2id\$v=19\$m=12288,t=3,p=1\$[\w+/]{22}\$[\w+/]{43}$/u)
  t.not(one, two)
  t.equal(await verifySecret('s3cret', one), true)
  t.equal(await verifySecret('s3cret', two), true)
  t.equal(await verifySecret('s3creT', one), false)
  t.equal(await verifySecret('', one), false)
})

t.test('the costs stand in the hash, so that old tokens outlive a change of them', async (t) => {
  const salt = Buffer.from('0123456789abcdef')
  const cost = { parallelism: 2, memory: 1024, passes: 1, tagLength: 16 }
  const bare = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/u, '')
  const old = `$argon2id$v=19$m=1024,t=1,p=2$${bare(salt)}$${bare(argon2Sync('argon2id', { message: 'secret', nonce: salt, ...cost }))}`
  t.equal(await verifySecret('secret', old), true)
  t.equal(await verifySecret('secret', old.replace('t=1', 't=2')), false, 'the costs are part of it')
})

t.test('a hash that cannot be read fits nothing', async (t) => {
  const good = await hashSecret('x')
  for (const bad of [
    '',
    'x',
    good.slice(1),
    good.replace('argon2id', 'argon2i'),
    good.replace('v=19', 'v=16'),
    `${good}$`,
    good.replace(/\$[^$]*$/u, '$'),
  ])
    t.equal(await verifySecret('x', bad), false, bad)
})

t.test('a gate runs few at once, keeps few waiting, and says when it is full', async (t) => {
  const gate = createGate(2, 1)
  const jobs = Array.from({ length: 4 }, () => Promise.withResolvers<number>())
  const started: number[] = []
  const runs = jobs.map((job, index) =>
    gate.run(() => {
      started.push(index)
      return job.promise
    }),
  )
  t.strictSame(started, [0, 1])
  t.equal(runs[3], null, 'two run, one waits, the fourth is too much')
  jobs[1]!.reject(new Error('it failed'))
  await t.rejects(runs[1]!, /it failed/u)
  t.strictSame(started, [0, 1, 2], 'the one that waits comes when one ends, also badly')
  const later = gate.run(async () => 9)
  t.ok(later !== null, 'and there is room again')
  jobs[0]!.resolve(5)
  jobs[2]!.resolve(7)
  t.strictSame(await Promise.all([runs[0], runs[2], later]), [5, 7, 9])
})
