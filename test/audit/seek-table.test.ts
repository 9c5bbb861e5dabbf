import fc from 'fast-check'
import t from 'tap'
import {
  decodeSeekTable,
  encodeSeekTable,
  MAX_FRAME_BYTES,
  TABLE_FOOTER_BYTES,
  tableBytes,
} from '../../src/audit/seek-table.ts'

const frame = fc.record({ fileBytes: fc.integer({ min: 1, max: 1e6 }), textBytes: fc.integer({ min: 1, max: 1e6 }) })
const footerOf = (table: Buffer) => table.subarray(-TABLE_FOOTER_BYTES)

t.test('what was written of the frames is read again', async () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 20 }), (frames) => {
      const bytes = encodeSeekTable(frames)
      const table = decodeSeekTable(bytes)
      const sizes = frames.map(({ textBytes }) => textBytes)
      return (
        tableBytes(footerOf(bytes)) === bytes.length &&
        table?.textStarts.length === frames.length &&
        table.textStarts.every((start, index) => start === sizes.slice(0, index).reduce((a, b) => a + b, 0)) &&
        table.textBytes === sizes.reduce((a, b) => a + b, 0) &&
        table.fileBytes === frames.reduce((sum, { fileBytes }) => sum + fileBytes, 0)
      )
    }),
  )
})

t.test('it is the skippable frame that the Zstandard Seekable Format describes', async (t) => {
  const bytes = encodeSeekTable([{ fileBytes: 3, textBytes: 7 }])
  t.equal(bytes.toString('hex'), '5e2a4d18110000000300000007000000' + '0100000000b1ea928f')
})

t.test('other bytes are no table, and none of them makes it throw', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const table = decodeSeekTable(bytes)
      return table === null && tableBytes(bytes.subarray(0, 9)) === null
    }),
  )
  const one = encodeSeekTable([{ fileBytes: 3, textBytes: 7 }])
  for (const at of [0, 4, 15]) {
    const bad = Buffer.from(one)
    bad[at] = 0xff
    t.equal(decodeSeekTable(bad), null, `byte ${at}`)
  }
  t.equal(tableBytes(Buffer.from([1, 0, 0, 0, 0x80, 0xb1, 0xea, 0x92, 0x8f])), null, 'a table with checksums')
  t.equal(decodeSeekTable(encodeSeekTable([{ fileBytes: 3, textBytes: MAX_FRAME_BYTES + 1 }])), null)
  t.equal(decodeSeekTable(encodeSeekTable([{ fileBytes: 3, textBytes: 0 }])), null)
})
