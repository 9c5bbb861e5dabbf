import { execFile } from 'node:child_process'
import { cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { ROOT } from './project.ts'

const run = promisify(execFile)

t.test('what `npm run build` makes runs without the sources', async (t) => {
  const root = t.testdir({})
  cpSync(join(ROOT, 'package.json'), join(root, 'package.json'))
  cpSync(join(ROOT, 'bin'), join(root, 'bin'), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
  await run(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', join(root, 'dist')], { cwd: ROOT })
  const { stdout } = await run(process.execPath, ['dist/main.js', '--help'], { cwd: root })
  t.match(stdout, /usage: weir <command>/)
  const command = await run(process.execPath, ['bin/weir.js', 'serve', '--help'], { cwd: root })
  t.match(command.stdout, /usage: weir serve/)
})
