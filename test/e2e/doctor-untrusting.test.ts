/** `weir doctor` beside a whole Weir: it names the clients that refused our certificate, and says what to do. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { run as runCa } from '../../src/cli/ca.ts'
import type { CliIo } from '../../src/cli/cli-io.ts'
import { run } from '../../src/cli/doctor.ts'
import { skipWithoutDebian } from '../helpers/debian.ts'
import { startWeir, type TestWeir } from '../helpers/weir.ts'

const exec = promisify(execFile)
const MARK = 'refused our certificate for '

async function doctor(weir: TestWeir, ...args: string[]): Promise<string> {
  let stdout = ''
  const io = { ...silent(weir), stdout: (text: string) => (stdout += text) }
  await run(['--proxy', `http://127.0.0.1:${weir.port}`, ...args], io)
  return stdout
}

/** On the machine of Weir, in its folder. */
const silent = ({ dir }: TestWeir): CliIo => ({ stdout: () => undefined, stderr: () => undefined, env: {}, cwd: dir })

/** The store is filled beside the log: until it has caught up, the doctor knows nothing of it. */
async function doctorWith(weir: TestWeir, count: number): Promise<string> {
  const until = performance.now() + 5000
  for (;;) {
    const text = await doctor(weir)
    if (text.split(MARK).length > count || performance.now() > until) return text
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const NODE = (port: number, host: string): string => `
const { connect } = require('node:net'); const tls = require('node:tls')
const socket = connect(${port}, '127.0.0.1', () => socket.write('CONNECT ${host}:443 HTTP/1.1\\r\\nHost: ${host}:443\\r\\n\\r\\n'))
socket.once('data', () => { const secure = tls.connect({ socket, servername: '${host}' })
secure.on('error', () => process.exit(1)) })`

t.test(
  'a client that refused our certificate is named, with the host, how it went, and what mends it',
  { skip: skipWithoutDebian('curl') },
  async (t) => {
    const weir = await startWeir(t)
    t.notMatch(await doctor(weir), MARK)
    const curl = ['-sS', '--proxy', `http://127.0.0.1:${weir.port}`, 'https://api.anthropic.com/v1/messages']
    await t.rejects(exec('curl', curl))
    for (let round = 0; round < 2; round++) {
      await t.rejects(exec(process.execPath, ['-e', NODE(weir.port, 'api.openai.com')]))
    }
    const text = await doctorWith(weir, 2)
    t.match(
      text,
      /^warn {2}trust {6}client 127\.0\.0\.1: refused our certificate for api\.anthropic\.com \(unknown_ca\): it does not have our CA/mu,
    )
    t.match(
      text,
      /^warn {2}trust {6}client 127\.0\.0\.1: refused our certificate for api\.openai\.com \(closed_in_handshake\): it hung up/mu,
    )
    t.match(text, /`weir doctor --fix` prints the commands/u)
    const fix = await doctor(weir, '--fix')
    t.match(fix, /^export NODE_EXTRA_CA_CERTS=\$PWD\/weir-root\.pem/mu)
    t.match(fix, /^weir ca export --out weir-root\.pem/mu)
    t.match(fix, /`intercept\.never`/u)
    const json = JSON.parse(await doctor(weir, '--json')) as { findings: { name: string; message: string }[] }
    const named = json.findings.filter(({ message }) => message.startsWith(MARK))
    t.strictSame(
      named.map(({ name }) => name),
      ['client 127.0.0.1', 'client 127.0.0.1'],
    )
    t.equal(await runCa(['export', '--out', 'weir-root.pem'], silent(weir)), 0, 'the first command that it prints')
    const mark = ['--user-agent', 'claude-cli/2.1.330 (external, cli)', '--json', '{}']
    const mended = await exec('curl', [...curl, '--cacert', join(weir.dir, 'weir-root.pem'), ...mark])
    t.match(mended.stdout, /Blocked by ACME policy/u, 'the mended client reads its notice')
  },
)
