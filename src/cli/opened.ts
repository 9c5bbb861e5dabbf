/** Things that must be closed again, in the opposite order, whatever happens to one of them. */
import type { Logger } from '../flow/ports.ts'

export interface Opened {
  readonly close: () => unknown
}

/** Close the last one first and empty the list. A close that fails is logged and keeps none of the others open. */
export async function closeAll(opened: Opened[], log: Pick<Logger, 'error'>): Promise<void> {
  for (let last = opened.pop(); last !== undefined; last = opened.pop()) {
    try {
      await last.close()
    } catch (error) {
      log.error({ err: error }, 'app.close-failed')
    }
  }
}
