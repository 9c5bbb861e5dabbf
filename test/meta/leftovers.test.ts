import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import t from 'tap'
import { countResources, expectNoLeftovers, grown } from '../helpers/leftovers.ts'
import { listening } from '../helpers/origin.ts'

t.test('a program of the test and its pipes are no leftovers, while it runs and when it is gone', async (t) => {
  const before = countResources()
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: 'pipe' })
  await once(child, 'spawn')
  child.stdout.resume()
  child.stderr.resume()
  t.strictSame(grown(before, countResources()), [])
  child.stdin.end()
  await once(child, 'close')
  await expectNoLeftovers(before, new Set())
})

t.test('a socket that stays open is one, beside a program too', async (t) => {
  const { address } = await listening(t, createServer())
  const before = countResources()
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: 'pipe' })
  const socket = connect(Number(address.split(':')[1]), '127.0.0.1')
  await once(socket, 'connect')
  await t.rejects(expectNoLeftovers(before, new Set(), 50), /Weir still holds/u)
  socket.destroy()
  child.stdin.end()
  await once(child, 'close')
})
