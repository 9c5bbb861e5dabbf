import fc from 'fast-check'
import t from 'tap'
import { createLogger, LOG_LEVELS, type LogLevel, type OperationalLog } from '../../src/observe/log.ts'

interface Captured {
  readonly log: OperationalLog
  readonly lines: () => Record<string, unknown>[]
  readonly text: () => string
}

function capture(level: LogLevel = 'debug'): Captured {
  let text = ''
  const log = createLogger({ level, destination: { write: (line) => (text += line) } })
  const lines = (): Record<string, unknown>[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  return { log, lines, text: () => text }
}

t.test('a line has level, time in UTC, event and fields', async (t) => {
  const { log, lines } = capture()
  log.info({ listen: '127.0.0.1:3128' }, 'listening')
  t.match(lines(), [{ level: 'info', time: /^\d{4}-.*T.*Z$/, event: 'listening', listen: '127.0.0.1:3128' }])
})

t.test('only lines of the level and above are written, and the level can change while running', async (t) => {
  const { log, lines } = capture('warn')
  for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]({}, level)
  log.setLevel('debug')
  log.debug({}, 'later')
  log.setLevel('silent')
  log.error({}, 'never')
  t.strictSame(
    lines().map((line) => line['event']),
    ['warn', 'error', 'later'],
  )
  t.ok(LOG_LEVELS.includes('silent'))
})

t.test('a child writes its fields on every line, scrubbed as well', async (t) => {
  const { log, lines } = capture()
  log
    .child({ flow: '01KC', token: 'hidden' })
    .child({ tool: 'claude-code' })
    .error({ error: new Error('x') }, 'flow-failed')
  t.match(lines(), [{ flow: '01KC', token: '[redacted]', tool: 'claude-code', error: { type: 'Error', message: 'x' } }])
})

t.test('secrets do not reach the destination, whatever level and place', async (t) => {
  const { log, text } = capture()
  const fields = {
    authorization: 'Bearer abcdef123456',
    url: 'https://u:p4ss@a.example/?q=hush',
    nested: { apiKey: 'hush' },
  }
  for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level](fields, 'event')
  t.notMatch(text(), /abcdef123456|p4ss|hush/)
})

t.test('where records keep no persons in clear, lines keep no client addresses', async (t) => {
  let text = ''
  const destination = { write: (line: string) => (text += line) }
  const log = createLogger({ level: 'info', destination, hidesClients: true })
  log.warn({ client: '10.1.2.3', code: 'forbidden' }, 'edge.client-refused')
  log.child({ client: '10.1.2.3' }).warn({ code: 'forbidden' }, 'edge.client-refused')
  t.notMatch(text, '10.1.2.3')
  t.equal(text.match(/"code":"forbidden"/gu)?.length, 2)
})

t.test('a field cannot replace level, time or event', async (t) => {
  const { log, lines } = capture()
  log.warn({ level: 'info', time: 'never', event: 'forged', pid: 1 }, 'real')
  log.child({ level: 'info' }).warn({}, 'real')
  t.match(lines(), [
    { level: 'warn', time: /^\d{4}-/, event: 'real', pid: process.pid, level_: 'info', event_: 'forged' },
    { level: 'warn', level_: 'info' },
  ])
})

t.test('one call is one line, whatever is in the fields', async () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string({ unit: 'binary' })), (fields) => {
      const { log, text } = capture()
      log.info(fields, 'event')
      return text().endsWith('\n') && text().split('\n').length === 2
    }),
  )
})
