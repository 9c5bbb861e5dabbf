/** Answers that need the event store: when it does not answer, that is a 503 and not our fault to hide. */
import { ApiProblem } from './problem.ts'

const RETRY_AFTER_SECONDS = '5'

/** The store's answer. A failure becomes a 503 that says so; a problem that is one already passes. */
export async function storeAnswer<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    if (cause instanceof ApiProblem) throw cause
    // The store's own word for a question that it cannot read, e.g. a cursor that no page gave.
    if (cause instanceof Error && 'code' in cause && cause.code === 'bad-query')
      throw new ApiProblem(400, cause.message)
    const headers = { 'retry-after': RETRY_AFTER_SECONDS }
    throw new ApiProblem(503, 'the event store does not answer: see the operational log', { headers, cause })
  }
}
