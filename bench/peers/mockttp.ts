/** mockttp as an intercepting proxy that passes everything on. Arguments: root, key, address of the origin. */
import { readFileSync } from 'node:fs'

const [root = '', key = '', origin = ''] = process.argv.slice(2)

interface Mockttp {
  readonly getLocal: (options: object) => {
    readonly start: () => Promise<void>
    readonly port: number
    readonly forAnyRequest: () => { readonly thenPassThrough: (options: object) => Promise<unknown> }
  }
}

// By a variable: the package need not be installed.
const packageName = 'mockttp'
const { getLocal } = (await import(packageName)) as Mockttp
const server = getLocal({
  https: { key: readFileSync(key, 'utf8'), cert: readFileSync(root, 'utf8') },
  http2: false,
  recordTraffic: false,
})
await server.start()
await server.forAnyRequest().thenPassThrough({
  ignoreHostHttpsErrors: true,
  transformRequest: { replaceHost: { targetHost: origin, updateHostHeader: false } },
})
process.stdout.write(`port ${server.port}\n`)
