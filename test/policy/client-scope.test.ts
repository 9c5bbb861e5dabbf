import t from 'tap'
import { compileScope } from '../../src/policy/client-scope.ts'
import { clientWith } from './world.ts'

t.test('nobody named means everybody', async (t) => {
  t.ok(compileScope({ networks: [], groups: [] })(clientWith()))
})

t.test('a client is meant by its address, by the name of its network, or by a group', async (t) => {
  const isMeant = compileScope({ networks: ['10.2.0.0/16', 'fd00::/8', 'berlin'], groups: ['Lab'] })
  for (const [client, wanted] of [
    [{ address: '10.2.3.4' }, true],
    [{ address: '::ffff:10.2.3.4' }, true],
    [{ address: 'fd00::7' }, true],
    [{ address: '10.3.0.1', network: 'berlin' }, true],
    [{ address: '10.3.0.1', groups: ['lab'] }, true],
    [{ address: '10.3.0.1' }, false],
    [{ address: '10.3.0.1', network: 'paris', groups: ['dev'] }, false],
    [{ address: 'no address' }, false],
  ] as const) {
    t.equal(
      isMeant(clientWith({ ...client, groups: 'groups' in client ? [...client.groups] : [] })),
      wanted,
      JSON.stringify(client),
    )
  }
})
