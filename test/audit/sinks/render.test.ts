import t from 'tap'
import { EXPORT_FORMATS } from '../../../src/audit/export/formats.ts'
import { createRenderer, severityOf } from '../../../src/audit/sinks/render.ts'
import { HOSTILE } from './world.ts'

const about = { id: 'A', time: '2026-11-23T10:00:00.000Z', phase: 'outcome' }

t.test('a record is a line of JSON with its id, time and weight', async (t) => {
  const record = { ...about, action: 'block', path: '/v1' }
  t.strictSame(createRenderer('jsonl')({ ...about, record }), [
    { ...about, severity: 'warning', isJson: true, text: JSON.stringify(record) },
  ])
})

t.test('hostile text never makes a second line or leaves a control character, in any format', async (t) => {
  for (const format of Object.keys(EXPORT_FORMATS)) {
    const render = createRenderer(format)
    const plain = render({ ...about, record: { ...about, path: 'a', model: 'a' } })
    const hostile = render({ ...about, record: { ...about, path: HOSTILE, model: HOSTILE } })
    t.equal(hostile.length, plain.length, format)
    for (const { text } of hostile) t.notMatch(text, /[\u0000-\u001f\u007f-\u009f\u202e\u2028]/u, format)
  }
})

t.test('what is no event, such as a checkpoint, is JSON in every format', async (t) => {
  for (const format of Object.keys(EXPORT_FORMATS)) {
    const record = { phase: 'checkpoint', checkpoint: { size: 3 } }
    const [message] = createRenderer(format)({ ...about, phase: 'checkpoint', record })
    t.same(JSON.parse(message?.text ?? ''), record, format)
  }
})

t.test('a format that there is not is refused', async (t) => {
  t.throws(() => createRenderer('xml'), /no export format/)
})

t.test('how loud a record is', async (t) => {
  t.equal(severityOf({ action: 'allow', error: null }), 'info')
  t.equal(severityOf({ action: 'redact' }), 'notice')
  t.equal(severityOf({ phase: 'admin' }), 'notice')
  t.equal(severityOf({ action: 'block', error: { side: 'client' } }), 'warning')
  t.equal(severityOf({ action: 'log', error: { side: 'weir' } }), 'error')
  t.equal(severityOf({ phase: 'config', ok: false }), 'error')
})
