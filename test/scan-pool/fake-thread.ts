/** Threads that do as the body says: `hang`, `die`, `echo`; and ones that never become ready. */
const code = (text: string): URL => new URL(`data:text/javascript,${encodeURIComponent(text)}`)

export const OBEYING = code(`
  import { parentPort } from 'node:worker_threads'
  let rules = 0
  parentPort.on('message', (message) => {
    if (message.kind === 'rules') {
      rules = message.rules
      parentPort.postMessage({ kind: 'ready', rules })
      return
    }
    const said = Buffer.from(message.body).toString().trim()
    if (said === 'hang') for (;;);
    if (said === 'die') process.exit(1)
    if (said === 'throw') throw new Error('by itself')
    const model = JSON.stringify({ said, rules, known: message.known, contentType: message.contentType })
    parentPort.postMessage({ kind: 'found', inspection: { findings: [], unread: null, model } })
  })
`)
export const BROKEN = code('throw new Error("broken")')
export const SILENT = code(`
  import { parentPort } from 'node:worker_threads'
  parentPort.on('message', () => {})
`)
