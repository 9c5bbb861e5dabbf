/** proxy-chain as a tunnelling proxy; all names are on loopback. */
interface ProxyChain {
  readonly Server: new (options: object) => { readonly listen: () => Promise<void>; readonly port: number }
}

// By a variable: the package need not be installed.
const packageName = 'proxy-chain'
const { Server } = (await import(packageName)) as ProxyChain
const lookup = (_host: string, options: { all?: boolean }, done: (...args: unknown[]) => void): void => {
  if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }])
  else done(null, '127.0.0.1', 4)
}
const server = new Server({
  host: '127.0.0.1',
  port: 0,
  prepareRequestFunction: () => ({ dnsLookup: lookup }),
})
await server.listen()
process.stdout.write(`port ${server.port}\n`)
