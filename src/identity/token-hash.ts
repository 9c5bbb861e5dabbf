/** Argon2id of token secrets, as PHC strings. Off the event loop, few at once: it must not starve what else the threads do. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const argon2Async = promisify(argon2)

interface Cost {
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

/** OWASP's minimum for Argon2id. More buys nothing: the secret has 160 random bits, there is no dictionary of those. */
const COST: Cost = { memory: 12_288, passes: 3, parallelism: 1 }
const TAG_BYTES = 32
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([\w+/-]{11,86})\$([\w+/-]{22,86})$/u

const bare = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/u, '')

/** The hash of a secret: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. */
export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(16)
  const tag = await derive(secret, salt, COST, TAG_BYTES)
  return `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${bare(salt)}$${bare(tag)}`
}

/** Is it the secret of this hash? A hash that cannot be read fits nothing. */
export async function verifySecret(secret: string, phc: string): Promise<boolean> {
  const match = PHC.exec(phc)
  if (match === null) return false
  const [, memory = '', passes = '', parallelism = '', salt = '', tag = ''] = match
  const expected = Buffer.from(tag, 'base64')
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  const found = await derive(secret, Buffer.from(salt, 'base64'), cost, expected.length)
  return timingSafeEqual(found, expected)
}

const derive = (secret: string, salt: Uint8Array, cost: Cost, tagLength: number): Promise<Buffer> =>
  argon2Async('argon2id', { message: secret, nonce: salt, tagLength, ...cost })

/** Runs a few jobs at once and keeps a few more waiting; `null`: there is no room. */
export interface Gate {
  readonly run: <T>(job: () => Promise<T>) => Promise<T> | null
}

export function createGate(atOnce: number, waiting: number): Gate {
  const queue: (() => void)[] = []
  let running = 0
  const next = (): void => {
    running--
    queue.shift()?.()
  }
  return {
    run: (job) => {
      if (running >= atOnce && queue.length >= waiting) return null
      return new Promise((resolve, reject) => {
        const start = (): void => {
          running++
          job().finally(next).then(resolve, reject)
        }
        if (running < atOnce) start()
        else queue.push(start)
      })
    },
  }
}
