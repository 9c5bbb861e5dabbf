import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { allAtOnce, type WorkTurns } from '../../src/domain/work-turns.ts'
import { StreamBody } from '../../src/edge/body-source.ts'
import { BodyHolder, collectBody, InspectionBudget, peekBody } from '../../src/edge/held-body.ts'

t.test('a holder keeps what fits, says why it stopped, and gives everything back', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }),
      fc.nat(200),
      fc.nat(200),
      (chunks, maxBytes, budgetBytes) => {
        const budget = new InspectionBudget(budgetBytes)
        const holder = new BodyHolder(budget, maxBytes)
        const taken: Uint8Array[] = []
        for (const chunk of chunks) if (holder.add(chunk)) taken.push(chunk)
        const whole = Buffer.concat(taken)
        const { bytes, cut } = holder.body
        t.ok(Buffer.from(bytes).equals(whole))
        t.ok(whole.equals(Buffer.concat(chunks).subarray(0, whole.length)), 'a head of the body, nothing left out')
        t.equal(cut === null, taken.length === chunks.length)
        t.ok(budget.usedBytes === whole.length && whole.length <= Math.min(maxBytes, budgetBytes))
        holder.release()
        holder.release()
        t.equal(budget.usedBytes, 0)
      },
    ),
    { numRuns: 200 },
  )
})

t.test('too long is `oversize`, no room is `over-capacity`', async (t) => {
  const budget = new InspectionBudget(10)
  const first = new BodyHolder(budget, 8)
  t.ok(first.add(Buffer.alloc(8)))
  t.notOk(first.add(Buffer.alloc(1)))
  t.equal(first.cut, 'oversize')
  const second = new BodyHolder(budget, 8)
  t.notOk(second.add(Buffer.alloc(3)))
  t.equal(second.cut, 'over-capacity')
  first.release()
  const third = new BodyHolder(budget, 8)
  t.ok(third.add(Buffer.alloc(3)))
})

t.test('while memory is short no new body is taken, and one that is held goes on', async (t) => {
  let isFull = false
  const budget = new InspectionBudget(100, () => isFull)
  const old = new BodyHolder(budget, 100)
  t.ok(old.add(Buffer.alloc(1)))
  isFull = true
  t.ok(old.add(Buffer.alloc(1)))
  const young = new BodyHolder(budget, 100)
  t.notOk(young.add(Buffer.alloc(1)))
  t.equal(young.cut, 'over-capacity')
})

const bodyOf = (stream: PassThrough): StreamBody => new StreamBody(stream, () => [])

t.test('a body is collected whole, or up to the chunk that did not fit, which is handed over', async (t) => {
  const whole = new PassThrough()
  const collected = collectBody(bodyOf(whole), new BodyHolder(new InspectionBudget(100), 100))
  whole.write('abc')
  whole.end('def')
  const { held, rest } = await collected
  t.equal(Buffer.from(held.bytes).toString(), 'abcdef')
  t.equal(rest, null)
  const long = new PassThrough()
  const cut = collectBody(bodyOf(long), new BodyHolder(new InspectionBudget(100), 4))
  long.write('abc')
  long.write('def')
  const result = await cut
  t.equal(Buffer.from(result.held.bytes).toString(), 'abc')
  t.equal(result.held.cut, 'oversize')
  t.equal(Buffer.from(result.rest ?? []).toString(), 'def')
  t.ok(long.isPaused(), 'nothing more is read')
})

t.test('a client that goes away rejects', async (t) => {
  const stream = new PassThrough()
  const collected = collectBody(bodyOf(stream), new BodyHolder(new InspectionBudget(100), 100))
  stream.write('abc')
  stream.destroy()
  await t.rejects(collected, { code: 'client-gone' })
  const failing = new PassThrough()
  const failed = collectBody(bodyOf(failing), new BodyHolder(new InspectionBudget(100), 100))
  failing.destroy(new Error('reset'))
  await t.rejects(failed, { code: 'client-gone' })
})

t.test('one client gets half of the room at most, and all of it back', async (t) => {
  const budget = new InspectionBudget(20)
  const greedy = new BodyHolder(budget, 100, '10.0.0.1')
  const again = new BodyHolder(budget, 100, '10.0.0.1')
  const other = new BodyHolder(budget, 100, '10.0.0.2')
  t.ok(greedy.add(Buffer.alloc(10)))
  t.notOk(again.add(Buffer.alloc(1)))
  t.equal(again.cut, 'over-capacity')
  t.ok(other.add(Buffer.alloc(10)), 'the others still have room')
  greedy.release()
  t.ok(new BodyHolder(budget, 100, '10.0.0.1').add(Buffer.alloc(10)))
})

t.test('a peek takes the first bytes and no more; whoever comes next gets the rest, in order', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 30 }), { maxLength: 10 }),
      fc.integer({ min: 1, max: 100 }),
      async (chunks, maxBytes) => {
        const stream = new PassThrough()
        const body = new StreamBody(stream, () => [])
        for (const chunk of chunks) stream.write(chunk)
        stream.end()
        const first = Buffer.concat(await peekBody(body, maxBytes, 60_000))
        const { held, rest } = await collectBody(body, new BodyHolder(new InspectionBudget(1e6), 1e6))
        t.equal(rest, null)
        const whole = Buffer.concat(chunks)
        t.ok(Buffer.concat([first, held.bytes]).equals(whole))
        t.ok(first.length >= Math.min(maxBytes, whole.length) && first.length < maxBytes + 30)
      },
    ),
    { numRuns: 50 },
  )
})

t.test('a client that sends slowly is not waited for, and one that goes away is told', async (t) => {
  const slow = new PassThrough()
  const body = new StreamBody(slow, () => [])
  slow.write('{"a":')
  t.equal(Buffer.concat(await peekBody(body, 1000, 20)).toString(), '{"a":')
  slow.end('1}')
  const { held } = await collectBody(body, new BodyHolder(new InspectionBudget(1e6), 1e6))
  t.equal(Buffer.from(held.bytes).toString(), '1}')
  const gone = new PassThrough()
  const peeked = peekBody(new StreamBody(gone, () => []), 1000, 60_000)
  gone.destroy()
  await t.rejects(peeked, { code: 'client-gone' })
})

t.test('a large body is gathered in turns, and what is let go meanwhile stays let go', async (t) => {
  const waiting = Promise.withResolvers<undefined>()
  const turns: WorkTurns = {
    run: async (work) => {
      await waiting.promise
      return allAtOnce(work)
    },
    whole: (work) => work(),
  }
  const budget = new InspectionBudget(1e7)
  const chunks = Array.from({ length: 40 }, (_, at) => Buffer.alloc(65_536, at))
  const filled = (): BodyHolder => {
    const holder = new BodyHolder(budget, 1e7)
    for (const chunk of chunks) holder.add(chunk)
    return holder
  }
  const [kept, dropped] = [filled(), filled()]
  const both = Promise.all([kept.gather(turns), dropped.gather(turns)])
  dropped.release()
  waiting.resolve(undefined)
  const [first, second] = await both
  t.ok(Buffer.concat(chunks).equals(first.bytes))
  t.ok(Buffer.concat(chunks).equals(second.bytes))
  t.equal(kept.body.bytes, first.bytes, 'held once, not twice')
  t.equal(dropped.body.bytes.length, 0)
  t.equal(budget.usedBytes, first.bytes.length)
})
