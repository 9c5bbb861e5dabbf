import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { RequestBodySource, StreamBody } from '../../src/edge/body-source.ts'

const bodyOf = (stream: PassThrough): StreamBody => new StreamBody(stream, () => ['X-T', '1'])

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

t.test('what was held goes first, then the stream, each byte once, whatever the sink asks for', async (t) => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(bytes, { maxLength: 4 }),
      fc.array(bytes, { maxLength: 8 }),
      fc.array(fc.boolean()),
      async (first, rest, answers) => {
        const stream = new PassThrough()
        const tapped: Uint8Array[] = []
        const source = new RequestBodySource(bodyOf(stream), first, (chunk) => tapped.push(Uint8Array.from(chunk)))
        const got: Uint8Array[] = []
        const ended = new Promise<readonly string[]>((resolve) =>
          source.start({
            chunk: (chunk) => {
              got.push(Uint8Array.from(chunk))
              const goesOn = answers.shift() ?? true
              if (!goesOn) setImmediate(() => source.resume())
              return goesOn
            },
            end: resolve,
            fail: (error) => t.fail(error.code),
          }),
        )
        for (const chunk of rest) {
          stream.write(chunk)
          await turn()
        }
        stream.end()
        t.strictSame(await ended, ['X-T', '1'])
        t.ok(Buffer.concat(got).equals(Buffer.concat([...first, ...rest])))
        t.ok(Buffer.concat(tapped).equals(Buffer.concat(rest)), 'the tap sees what is new')
      },
    ),
    { numRuns: 50 },
  )
})

t.test('a sink that asks for a pause gets no more until it resumes', async (t) => {
  const stream = new PassThrough()
  const source = new RequestBodySource(bodyOf(stream), [], () => undefined)
  let chunks = 0
  source.start({ chunk: () => ++chunks < 0, end: () => undefined, fail: () => undefined })
  stream.write('a')
  await turn()
  stream.write('b')
  await turn()
  t.equal(chunks, 1)
  source.resume()
  await turn()
  t.equal(chunks, 2)
})

t.test('a client that goes away or stalls fails the body once, with the right code', async (t) => {
  for (const [how, code] of [
    [(stream: PassThrough) => stream.destroy(), 'client-gone'],
    [(stream: PassThrough) => stream.destroy(new Error('reset')), 'client-gone'],
    [(stream: PassThrough) => stream.emit('timeout') && stream.destroy(), 'client-timeout'],
  ] as const) {
    const stream = new PassThrough()
    stream.on('error', () => undefined)
    const failures: string[] = []
    new RequestBodySource(bodyOf(stream), [], () => undefined).start({
      chunk: () => true,
      end: () => t.fail('ended'),
      fail: (error) => failures.push(error.code),
    })
    how(stream)
    await turn()
    await turn()
    t.strictSame(failures, [code])
  }
})

t.test('after a cancel nobody is called', async (t) => {
  const stream = new PassThrough()
  const source = new RequestBodySource(bodyOf(stream), [], () => t.fail('tapped'))
  source.start({ chunk: () => t.fail('chunk'), end: () => t.fail('end'), fail: () => t.fail('fail') })
  source.cancel()
  stream.end('abc')
  await turn()
  await turn()
  t.pass()
})

t.test('the next sink takes over where the one before asked for a pause, and hears how it ended', async (t) => {
  const stream = new PassThrough()
  const body = bodyOf(stream)
  const got: string[] = []
  body.attach({
    chunk: (bytes) => got.push(`1:${Buffer.from(bytes).toString()}`) < 0,
    end: () => t.fail('ended'),
    fail: () => t.fail('failed'),
  })
  stream.write('a')
  await turn()
  stream.write('b')
  await turn()
  t.strictSame(got, ['1:a'])
  body.attach({
    chunk: (bytes) => got.push(`2:${Buffer.from(bytes).toString()}`) > 0,
    end: () => got.push('end'),
    fail: () => t.fail('failed'),
  })
  stream.end()
  await turn()
  await turn()
  t.strictSame(got, ['1:a', '2:b', 'end'])
  const late: unknown[] = []
  body.attach({ chunk: () => t.fail('chunk'), end: (lines) => late.push(lines), fail: () => t.fail('failed') })
  t.strictSame(late, [['X-T', '1']], 'a sink that comes late hears it at once')
})

t.test('a stream that stands still while it is paused is not the fault of its client', async (t) => {
  const stream = new PassThrough()
  const body = bodyOf(stream)
  const failed: string[] = []
  body.attach({ chunk: () => true, end: () => failed.push('end'), fail: ({ code }) => failed.push(code) })
  body.pause()
  stream.emit('timeout')
  t.strictSame(failed, [])
  body.resume()
  stream.emit('timeout')
  t.strictSame(failed, ['client-timeout'])
})
