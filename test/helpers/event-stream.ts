/** Writes messages of AWS event streams, as a service does. */
import { crc32 } from 'node:zlib'
import type { EventStreamValue } from '../../src/wire/aws-eventstream.ts'

export interface MessageToWrite {
  readonly headers?: Readonly<Record<string, EventStreamValue>>
  readonly payload?: string | Uint8Array
}

/** One message with right lengths and checksums. */
export function eventStreamMessage({ headers = {}, payload = '' }: MessageToWrite): Buffer {
  const block = Buffer.concat(Object.entries(headers).map(([name, value]) => headerBytes(name, value)))
  const body = Buffer.from(payload)
  const prelude = Buffer.alloc(12)
  prelude.writeUInt32BE(16 + block.length + body.length, 0)
  prelude.writeUInt32BE(block.length, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const covered = Buffer.concat([prelude, block, body])
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(covered), 0)
  return Buffer.concat([covered, checksum])
}

/** An event as Bedrock sends it. */
export const bedrockEvent = (type: string, value: unknown): Buffer =>
  eventStreamMessage({
    headers: {
      ':event-type': { type: 'string', value: type },
      ':content-type': { type: 'string', value: 'application/json' },
      ':message-type': { type: 'string', value: 'event' },
    },
    payload: JSON.stringify(value),
  })

/** A piece of what a model's vendor streams, inside Bedrock's envelope. */
export const bedrockChunk = (value: unknown): Buffer =>
  bedrockEvent('chunk', { bytes: Buffer.from(JSON.stringify(value)).toString('base64'), p: 'abcdef' })

function headerBytes(name: string, header: EventStreamValue): Buffer {
  const [type, value] = valueBytes(header)
  return Buffer.concat([Buffer.from([Buffer.byteLength(name)]), Buffer.from(name), Buffer.from([type]), value])
}

function valueBytes(header: EventStreamValue): [number, Buffer] {
  const fixed = Buffer.alloc(8)
  switch (header.type) {
    case 'bool':
      return [header.value ? 0 : 1, Buffer.alloc(0)]
    case 'byte':
      fixed.writeInt8(header.value)
      return [2, fixed.subarray(0, 1)]
    case 'int16':
      fixed.writeInt16BE(header.value)
      return [3, fixed.subarray(0, 2)]
    case 'int32':
      fixed.writeInt32BE(header.value)
      return [4, fixed.subarray(0, 4)]
    case 'int64':
      fixed.writeBigInt64BE(header.value)
      return [5, fixed]
    case 'timestamp':
      fixed.writeBigInt64BE(header.value)
      return [8, fixed]
    case 'bytes':
      return [6, withLength(header.value)]
    case 'string':
      return [7, withLength(Buffer.from(header.value))]
    case 'uuid':
      return [9, Buffer.from(header.value, 'hex')]
  }
}

const withLength = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
