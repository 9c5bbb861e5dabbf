/** Chat requests of any size: ordinary ones, ones full of secrets, and ones made to be slow to read. New text each time. */
import { gzipSync } from 'node:zlib'

/** Of one text in a conversation. */
const MESSAGE_LENGTH = 16_000

const PROSE =
  'export function headOf(request: IncomingMessage): Head {\n  const { method, url } = request\n' +
  '  // The name was checked when the tunnel was opened, and stands for every request inside.\n' +
  '  return { method, path: url.split("?")[0], isUpgrade: request.headers.upgrade !== undefined }\n}\n\n'

let state = 1

/** Letters and digits that no earlier call gave. */
function fresh(length: number): string {
  let text = ''
  while (text.length < length) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    text += (state >>> 4).toString(36).padStart(6, '0')
  }
  return text.slice(0, length)
}

/** Put together here, so that no scanner takes it for a real one. */
const secret = (): string => ['glp', 'at-'].join('') + fresh(20)

const text = (length: number): string =>
  `${fresh(12)}\n${PROSE.repeat(Math.ceil(length / PROSE.length))}`.slice(0, length)

/** What stands in one message of about `MESSAGE_LENGTH`. */
export const KINDS = {
  benign: () => text(MESSAGE_LENGTH),
  secrets: () => {
    let all = ''
    while (all.length < MESSAGE_LENGTH) all += `${text(2000)}\nthe token is ${secret()}\n`
    return all
  },
  dense: () => {
    let all = ''
    while (all.length < MESSAGE_LENGTH) all += `${secret()} `
    return all
  },
  hostile: () => HOSTILE.map((piece) => fresh(8) + piece.repeat(Math.ceil(2000 / piece.length))).join(' '),
  nested: () => {
    let inner = JSON.stringify({ a: text(1000) })
    for (let depth = 0; depth < 5; depth += 1) inner = JSON.stringify({ a: inner, b: fresh(8) })
    return inner
  },
  escapes: () => fresh(8) + '\n"'.repeat(MESSAGE_LENGTH / 4),
  addresses: () => `${fresh(8)} `.concat(Array.from({ length: 600 }, () => `${fresh(8)}@${fresh(6)}.com`).join(' ')),
  cards: () => Array.from({ length: 800 }, () => `4111 1111 1111 ${fresh(4)} `).join(''),
} satisfies Readonly<Record<string, () => string>>
export type Kind = keyof typeof KINDS

/** Beginnings of secrets over and over, and what makes naive expressions slow. */
const HOSTILE = [
  'token:"aaaaaaaaa1',
  'eyJhbGciOi.',
  '://user:pass@',
  '4111 1111 1111 1112 ',
  'aws aws_secret ',
  'DE8937040044053201300 ',
  'api_key = Aa1Aa1Aa1Aa1Aa1Aa1Aa1Aa1 ',
  '-----BEGIN PRIVATE KEY-----\nMIIB',
]

/** A chat request of at most `bytes`, in one long string of bytes. */
export function chatBody(kind: Kind, bytes: number): string {
  const messages: string[] = []
  let left = bytes - 200
  while (left > 0) {
    const message = JSON.stringify({ role: 'user', content: KINDS[kind]() })
    left -= message.length + 1
    if (left >= 0 || messages.length === 0) messages.push(message)
  }
  return `{"model":"qwen-plus","messages":[${messages.join(',')}]}`
}

/** So many texts of one letter: what costs most is each of them. */
export const tinyParts = (bytes: number): string =>
  `{"model":"qwen-plus","messages":[{"role":"user","content":[${Array.from({ length: Math.floor(bytes / 27) }, () => '{"type":"text","text":"a"}').join(',')}]}]}`

export const zipped = (body: string): string => gzipSync(body, { level: 1 }).toString('latin1')
