/** A process that appends as fast as it can and says which events were acknowledged, until it is killed. */

import { writeSync } from 'node:fs'
import { createIdSource } from '../../src/audit/event-id.ts'
import { createSpool } from '../../src/audit/spool.ts'
import { followingOutcome, intent } from './events.ts'

const dir = process.argv[2] ?? ''
const spool = createSpool({ dir, stream: 'n1-w0', segmentBytes: 40_000 })
const newFlow = createIdSource()

const appendForever = async (): Promise<never> => {
  for (;;) {
    const event = intent({ flow: newFlow() })
    await spool.append(event)
    // Synchronous: what the parent reads was acknowledged before the kill.
    writeSync(1, `${event.id}\n`)
    spool.appendSoon(followingOutcome({ flow: event.flow }))
  }
}
await Promise.all(Array.from({ length: 8 }, appendForever))
