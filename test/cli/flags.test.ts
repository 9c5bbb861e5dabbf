import t from 'tap'
import { COMMON_FLAGS, readFlags } from '../../src/cli/flags.ts'
import { fakeIo } from './fake-io.ts'

const read = (args: string[], io = fakeIo('/')): ReturnType<typeof readFlags<typeof COMMON_FLAGS>> =>
  readFlags(args, COMMON_FLAGS, { io, usage: 'usage: x\n', maxPositionals: 1 })

t.test('flags and arguments are read', (t) => {
  t.match(read(['--config', 'f', 'arg', '--json']), {
    ok: true,
    values: { config: 'f', json: true },
    positionals: ['arg'],
  })
  t.end()
})

t.test('help and mistakes are answered at once', (t) => {
  const help = fakeIo('/')
  t.match(read(['-h'], help), { ok: false, exitCode: 0 })
  t.equal(help.out(), 'usage: x\n')
  for (const args of [['--wrong'], ['a', 'b'], ['--config']]) {
    const io = fakeIo('/')
    t.match(read(args, io), { ok: false, exitCode: 2 }, args.join(' '))
    t.match(io.err(), /usage: x/)
  }
  t.end()
})
