import t from 'tap'
import { runCommand } from '../../src/cli/commands.ts'
import { fakeIo } from './fake-io.ts'

const NAMES = ['serve', 'check', 'explain', 'ca', 'audit', 'redact', 'token', 'doctor']

t.test('help lists every command and goes to standard output', async (t) => {
  for (const flag of ['--help', '-h', 'help']) {
    const io = fakeIo('/')
    t.equal(await runCommand([flag], io), 0)
    for (const name of NAMES) t.match(io.out(), new RegExp(`^  ${name} +\\w`, 'mu'))
    t.equal(io.err(), '')
  }
})

t.test('no command and an unknown one are wrong usage, with help on standard error', async (t) => {
  const none = fakeIo('/')
  t.equal(await runCommand([], none), 2)
  t.match(none.err(), /usage: weir <command>/u)
  t.equal(none.out(), '')
  for (const name of ['nonsense', 'toString', '__proto__', '']) {
    const io = fakeIo('/')
    t.equal(await runCommand([name], io), 2, name)
    t.match(io.err(), /^weir: unknown command `/u)
  }
})

t.test('every command has help of its own and refuses unknown flags', async (t) => {
  for (const name of NAMES) {
    const help = fakeIo('/')
    t.equal(await runCommand([name, '--help'], help), 0, `${name} --help`)
    t.match(help.out(), new RegExp(`^(?:usage: )?weir ${name}\\b`, 'u'))
    t.match(help.out(), /--json/u, `${name} names --json`)
    const wrong = fakeIo('/')
    t.equal(await runCommand([name, '--nonsense'], wrong), 2, `${name} --nonsense`)
    t.match(wrong.err(), /nonsense/u)
  }
})
