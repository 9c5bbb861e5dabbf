import t from 'tap'
import { MAX_SHAPES, PathCounts, pathShape } from '../../src/discover/path-counts.ts'

t.test('what stands for one thing or person is not kept', async (t) => {
  for (const [path, shape] of [
    ['/api/v2/newthing', '/api/v2/newthing'],
    ['/users/4711/files', '/users/*/files'],
    ['/c/9f8b2c1e-1111-4222-8333-abcdefabcdef', '/c/*'],
    ['/u/li@example.com/x', '/u/*/x'],
    ['/a/%E4%B8%AD/b', '/a/*/b'],
    ['/k/sk-ant-api03-abcdef', '/k/*'],
    ['/a/b/c/d/e/f/g/h', '/a/b/c/d/e/f/**'],
    ['/', '/'],
  ] as const)
    t.equal(pathShape(path), shape, path)
})

t.test('paths of one shape count together, and no flood grows it', async (t) => {
  const counts = new PathCounts()
  counts.add('codex', 'a.example', '/t/1', 5)
  counts.add('codex', 'a.example', '/t/2', 9)
  t.strictSame(counts.take(), [{ tool: 'codex', host: 'a.example', path: '/t/*', count: 2, firstMs: 5, lastMs: 9 }])
  const name = (index: number): string =>
    String(index).replaceAll(/\d/gu, (digit) => 'abcdefghij'.charAt(Number(digit)))
  for (let index = 0; index < 5000; index++) counts.add('codex', 'a.example', `/${name(index)}`, 1)
  t.equal(counts.take().length, MAX_SHAPES)
})
