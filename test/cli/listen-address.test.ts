import { type AddressInfo, createServer } from 'node:net'
import t from 'tap'
import { listenProblem, portProblem } from '../../src/cli/listen-address.ts'
import { ControlListenError } from '../../src/control/listen.ts'

t.test('a free address is free, and still is after it was tried', async (t) => {
  t.equal(await portProblem('127.0.0.1:0'), null)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  t.match(await portProblem(`127.0.0.1:${port}`), /^cannot listen here: the port is taken: .*--listen/u)
  await new Promise((resolve) => server.close(resolve))
  t.equal(await portProblem(`127.0.0.1:${port}`), null)
  t.equal(await portProblem(`127.0.0.1:${port}`), null)
})

t.test('an address of another machine is told', async (t) => {
  t.match(await portProblem('192.0.2.1:0'), /^cannot listen here: this machine has no such address/u)
})

t.test('every cause has words, and what wraps it is looked through', async (t) => {
  const coded = (code: string) => Object.assign(new Error('text of the system'), { code })
  t.match(listenProblem(coded('EACCES')), /choose one above 1023/u)
  t.equal(listenProblem(coded('EWEIRD')), 'cannot listen here: EWEIRD')
  t.equal(listenProblem(new Error('no address')), 'cannot listen here: no address')
  t.match(listenProblem(new ControlListenError('port-taken', 'x', coded('EADDRINUSE'))), /the port is taken/u)
})
