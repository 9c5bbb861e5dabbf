import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { createAnchor } from '../../../src/audit/tree/anchor.ts'

const log = (said: string[]) => {
  const say = (_: unknown, event: string): void => void said.push(event)
  return { debug: say, info: say, warn: say, error: say }
}
const checkpoint = (size: number) => ({ origin: 'o', size, root: 'AAAA', note: `note ${size}\n` })
const command = (script: string) => ['sh', '-c', script]

t.test('each checkpoint is copied to the folder and handed to the command, in order', async (t) => {
  const dir = t.testdir({})
  const anchor = createAnchor({ dir, command: command(`cat >> ${dir}/said`), stream: 's', log: log([]) })
  anchor.add(checkpoint(1))
  anchor.add(checkpoint(2))
  await anchor.close()
  t.equal(readFileSync(join(dir, 'said'), 'utf8'), 'note 1\nnote 2\n')
  t.equal(readFileSync(join(dir, 's', 'checkpoint'), 'utf8'), 'note 2\n')
})

t.test('what fails is logged and tried again, and one way does not hold up the other', async (t) => {
  const dir = t.testdir({})
  const said: string[] = []
  const anchor = createAnchor({
    dir,
    command: command(`test -e ${dir}/open && cat >> ${dir}/said`),
    stream: 's',
    log: log(said),
    retryMs: 20,
  })
  t.teardown(() => anchor.close())
  anchor.add(checkpoint(1))
  while (said.length === 0) await setTimeout(5)
  t.match(said, ['audit.anchor-failed'])
  writeFileSync(join(dir, 'open'), '')
  const read = () => {
    try {
      return readFileSync(join(dir, 'said'), 'utf8')
    } catch {
      return ''
    }
  }
  while (read() === '') await setTimeout(5)
  t.equal(read(), 'note 1\n')
})

t.test('a command that never ends is ended, and one that cannot be started is said', async (t) => {
  const said: string[] = []
  for (const bad of [command('exec sleep 60'), ['/none/such']]) {
    const anchor = createAnchor({ dir: null, command: bad, stream: 's', log: log(said), commandMs: 50 })
    anchor.add(checkpoint(1))
    await anchor.close()
  }
  t.ok(said.length >= 2)
})
