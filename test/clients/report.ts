/** One sentence per check, and a last line that says how many held. */

export interface Report {
  readonly check: (holds: boolean, sentence: string, detail?: unknown) => void
  /** Said, but counted as neither passed nor failed. */
  readonly note: (sentence: string) => void
  /** Prints the last line; returns the exit code. */
  readonly end: () => number
}

export function createReport(write: (line: string) => void): Report {
  let passed = 0
  let failed = 0
  return {
    check: (holds, sentence, detail) => {
      if (holds) passed++
      else failed++
      write(`${holds ? 'ok' : 'not ok'} - ${sentence}`)
      if (!holds && detail !== undefined) write(indented(detail))
    },
    note: (sentence) => write(`# ${sentence}`),
    end: () => {
      write(`${passed} passed, ${failed} failed`)
      return failed === 0 ? 0 : 1
    },
  }
}

const indented = (detail: unknown): string => {
  const text = typeof detail === 'string' ? detail : JSON.stringify(detail, null, 1)
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')
}
