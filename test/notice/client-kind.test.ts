import t from 'tap'
import { clientKind } from '../../src/notice/client-kind.ts'
import { requestHead } from '../dialects/request-head.ts'

const kind = (headers: Record<string, string>, method = 'GET') => clientKind(requestHead({ method, headers }))

t.test('a person who opens a page is told from programs', async (t) => {
  t.equal(kind({ 'sec-fetch-mode': 'navigate' }), 'navigation')
  t.equal(kind({ 'sec-fetch-mode': 'navigate' }, 'POST'), 'navigation', 'a form that is sent')
  t.equal(kind({ accept: 'text/html,*/*;q=0.8' }), 'navigation', 'a browser without fetch metadata')
  t.equal(kind({ accept: 'text/html' }, 'HEAD'), 'navigation')
})

t.test('scripts, SDKs and command lines are programs', async (t) => {
  t.equal(kind({}), 'program')
  t.equal(kind({ accept: '*/*' }), 'program', 'curl')
  t.equal(kind({ accept: 'text/html' }, 'POST'), 'program')
  t.equal(kind({ accept: 'text/html', 'sec-fetch-mode': 'cors' }), 'program', 'a script of a page')
  t.equal(kind({ accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' }), 'program')
  t.equal(kind({ accept: 'text/html', authorization: 'Bearer x' }), 'program')
  t.equal(kind({ accept: 'application/json', 'anthropic-version': '2023-06-01' }), 'program')
})
