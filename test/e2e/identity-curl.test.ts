/** A personal token as curl sends it: in the proxy's URL, as --proxy-user, and only when asked (--proxy-anyauth). */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { makeToken } from '../helpers/tokens.ts'
import { startWeir } from '../helpers/weir.ts'

interface Ran {
  readonly code: number | string
  readonly out: string
}

const curl = (args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    execFile('curl', ['-q', '-sS', '--max-time', '20', ...args], { env: { PATH: process.env['PATH'] } }, (error, out) =>
      resolve({ code: error === null ? 0 : (error.code ?? 1), out }),
    )
  })

const isThere = (await curl(['--version'])).code === 0
const isMust = process.env['CI'] === 'true'

t.test('curl passes with user and token', { skip: isThere || isMust ? false : 'curl is not installed' }, async (t) => {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end('reached'))
  const weir = await startWeir(t, {
    pins: { 'api.anthropic.com:443': origin.address },
    roots: [pki.rootPem],
    policy: (text) => text.replace('rules:\n', 'rules:\n  - { id: all, match: { user: li.wei }, tier: approved }\n'),
    config: { identity: { authenticate: 'required' } },
  })
  const { token } = await makeToken(weir.dir, 'li.wei')
  const ca = join(weir.dir, 'ca-for-curl.pem')
  writeFileSync(ca, weir.ca)
  const at = `127.0.0.1:${weir.port}`
  const url = 'https://api.anthropic.com/v1/models'
  const cases: [string, string[]][] = [
    ['in the URL', ['-x', `http://li.wei:${token}@${at}`]],
    ['--proxy-user', ['-x', `http://${at}`, '--proxy-user', `li.wei:${token}`]],
    ['--proxy-anyauth', ['-x', `http://${at}`, '--proxy-anyauth', '--proxy-user', `li.wei:${token}`]],
  ]
  for (const [what, args] of cases)
    t.strictSame(await curl(['--cacert', ca, ...args, url]), { code: 0, out: 'reached' }, what)
  const refused = await curl(['--cacert', ca, '-x', `http://${at}`, '-w', '%{http_connect}', url])
  t.match(refused, { code: 56, out: /407$/u }, 'and not without')
})
