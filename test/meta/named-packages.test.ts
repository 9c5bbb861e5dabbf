import { dirname, join } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { read, sources } from './project.ts'

interface Imports {
  /** Loaded with the file. */
  readonly fixed: readonly string[]
  /** `import('…')` with a constant name. */
  readonly lazy: readonly string[]
}

/** What a source imports when it runs: type-only imports vanish and do not count. */
function importsOf(text: string): Imports {
  const file = ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest)
  const fixed: string[] = []
  const lazy: string[] = []
  const isTypeOnly = (node: ts.ImportDeclaration): boolean =>
    node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier) && !isTypeOnly(node)) {
      fixed.push(node.moduleSpecifier.text)
    }
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && !node.isTypeOnly) {
      if (ts.isStringLiteral(node.moduleSpecifier)) fixed.push(node.moduleSpecifier.text)
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [name] = node.arguments
      if (name !== undefined && ts.isStringLiteral(name)) lazy.push(name.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return { fixed, lazy }
}

/** Every file and package that is loaded from `entries` on; `lazy` says whether late imports count. */
function reach(entries: readonly string[], lazy: boolean): ReadonlySet<string> {
  const known = new Set(sources())
  const reached = new Set<string>(entries)
  for (const path of reached) {
    if (!known.has(path)) continue
    const imports = importsOf(read(path))
    for (const name of [...imports.fixed, ...(lazy ? imports.lazy : [])]) {
      reached.add(name.startsWith('.') ? join(dirname(path), name) : name)
    }
  }
  return reached
}

t.test('imports are read as they run', async (t) => {
  const text = [
    "import a from 'a'",
    "import type { B } from 'b'",
    "import { type C } from 'c'",
    "export { d } from 'd'",
    "export type { E } from 'e'",
    "const f = () => import('f')",
    "// import g from 'g'",
  ].join('\n')
  t.strictSame(importsOf(text), { fixed: ['a', 'c', 'd'], lazy: ['f'] })
})

t.test('`npm start` comes from src/main.ts to the serve command', async (t) => {
  t.match(read('package.json'), /"start": "node src\/main\.ts serve"/)
  t.ok(reach(['src/main.ts'], true).has('src/cli/serve.ts'))
})

t.test('http-proxy, node-forge, pino and lru-cache are loaded by `npm start`, each in its own folder', async (t) => {
  const started = reach(['src/cli/serve.ts'], false)
  t.ok(started.size > 100, `${started.size} files and packages`)
  for (const name of ['http-proxy', 'node-forge', 'pino', 'lru-cache']) t.ok(started.has(name), name)
})
