/** Addresses to listen on: tried out, and what is wrong with one in words. */
import { createServer } from 'node:net'
import { parseListen } from '../control/listen.ts'

const LISTEN_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken: stop what uses it or choose another with `--listen` or `--admin`',
  EACCES: 'this port needs more rights: choose one above 1023',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'this name has no address',
}

/** Why an address cannot be listened on. */
export function listenProblem(error: unknown): string {
  const known = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const { code = '', message } = known as NodeJS.ErrnoException
  return `cannot listen here: ${LISTEN_PROBLEMS[code] ?? (code === '' ? message : code)}`
}

/** Try an address and let go of it again; `null`: it is free now. Port 0 always is. */
export function portProblem(listen: string): Promise<string | null> {
  const { host, port } = parseListen(listen)
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => resolve(listenProblem(error)))
    server.listen({ host, port }, () => server.close(() => resolve(null)))
  })
}
