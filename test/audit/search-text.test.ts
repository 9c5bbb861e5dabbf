import t from 'tap'
import { searchText, wordExpressions } from '../../src/audit/search-text.ts'

t.test('words are the texts of record and person, without ids and digests', async (t) => {
  const event = {
    v: 1,
    id: 'IDENT',
    flow: 'FLOW',
    whoDigest: 'digest',
    policyRevision: 'sha256:1',
    path: '/v1/messages',
    status: 400,
    bytesIn: 77,
    findings: [{ detector: 'aws-access-key', count: 3 }],
    error: { code: 'client-gone' },
    via: null,
  }
  t.equal(searchText(event, { salt: 'SALT', user: 'alice' }), '/v1/messages 400 aws-access-key client-gone alice')
  t.equal(searchText({ tool: 'codex' }, null), 'codex')
})

t.test('a search becomes one prefix expression a word, and cannot carry FTS5 syntax', async (t) => {
  t.same(wordExpressions('aws-access  "OR" NEAR(x) 你好*'), [
    '"aws"*',
    '"access"*',
    '"OR"*',
    '"NEAR"*',
    '"x"*',
    '"你好"*',
  ])
  t.same(wordExpressions(' -"*() '), [])
})
