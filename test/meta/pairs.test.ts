import { existsSync } from 'node:fs'
import t from 'tap'
import ts from 'typescript'
import { ROOT, read, sources } from './project.ts'

/** Does a source do anything when run, beyond naming values? Types and tables of constants need no test of their own. */
function hasBehaviour(text: string): boolean {
  const file = ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest)
  const visit = (node: ts.Node): boolean => {
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return false
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) return true
    return ts.forEachChild(node, (child) => visit(child) || undefined) ?? false
  }
  return visit(file)
}

const testOf = (source: string): string => source.replace(/^src\//u, 'test/').replace(/\.ts$/u, '.test.ts')

t.test('behaviour is told from types and constants', async (t) => {
  for (const text of [
    'export function f() { return 1 }',
    'export const f = () => 1',
    'class A { m() {} }',
    'const a = [1].map((x) => x)',
  ]) {
    t.equal(hasBehaviour(text), true, text)
  }
  for (const text of [
    'export interface A { m(): void }',
    'export type F = () => void',
    "export const A = ['b'] as const",
    'declare function f(): void',
  ]) {
    t.equal(hasBehaviour(text), false, text)
  }
})

t.test('each source with behaviour has its test at the same place', async (t) => {
  const withBehaviour = sources().filter((source) => hasBehaviour(read(source)))
  t.ok(withBehaviour.length > 100, `${withBehaviour.length} sources`)
  t.strictSame(
    withBehaviour.map(testOf).filter((path) => !existsSync(`${ROOT}${path}`)),
    [],
  )
})
