import t from 'tap'
import { renderTable } from '../../../src/audit/export/table.ts'

t.test('rows stand under their headings, with what is most telling', async (t) => {
  const table = renderTable([
    {
      time: '2026-11-22T10:00:00.000Z',
      flow: 'F1',
      phase: 'outcome',
      client: { user: 'alice' },
      tool: 'codex',
      tier: 'restricted',
      action: 'redact',
      destination: { host: 'h' },
      status: 200,
      reason: 'tier-restricted',
      complete: true,
    },
    { time: 't', flow: 'F2', phase: 'intent', client: null, who: 'p_1', complete: false },
    {
      time: 't',
      flow: 'F3',
      phase: 'tunnel',
      client: { user: null, device: null, addr: '10.0.0.1' },
      error: { code: 'client-gone' },
    },
    { time: 't', flow: 'F4', phase: 'admin', actor: 'token:admin', operation: 'exemption.grant' },
  ])
  const lines = table.trimEnd().split('\n')
  t.equal(lines.length, 5)
  t.match(lines[0], /^TIME +EVENT +PHASE +CLIENT +TOOL +TIER +ACTION +HOST +STATUS +REASON$/)
  t.match(lines[1], /F1 +outcome +alice +codex +restricted +redact +h +200 +tier-restricted$/)
  t.match(lines[2], /F2 +intent +p_1 .* incomplete/)
  t.match(lines[3], /10\.0\.0\.1 .*client-gone/)
  t.match(lines[4], /token:admin +exemption\.grant/)
  t.equal(renderTable([]), 'no events match\n')
})

t.test(
  'a failure is told by its cause, an observed block by what it would have been, a configuration by its fate',
  async (t) => {
    const table = renderTable([
      { time: 't', flow: 'F1', action: 'log', status: 502, complete: false, error: { code: 'dns-failed' } },
      { time: 't', flow: 'F2', action: 'log', would: 'block', status: 200, complete: true },
      { time: 't', flow: 'F3', phase: 'config', what: 'policy', ok: false, problems: 2, by: 'file' },
      { time: 't', flow: 'F4', phase: 'config', what: 'policy', ok: true, problems: 0, by: 'signal' },
    ])
    const lines = table.trimEnd().split('\n')
    t.match(lines[1], / log .*dns-failed/)
    t.match(lines[2], /log \(would block\) .*200/)
    t.match(lines[3], /refused, problems: 2 \(by file\)$/)
    t.match(lines[4], /in force \(by signal\)$/)
  },
)

t.test('no value breaks a row, colours the terminal or turns the direction', async (t) => {
  const evil = '\u001b[31m\n\u202eevil\u0007\u0085\u2028'
  const table = renderTable([
    { time: evil, flow: evil, client: { user: evil }, tool: evil, reason: `${'x'.repeat(90)}${evil}` },
  ])
  t.equal(table.trimEnd().split('\n').length, 2)
  // biome-ignore lint: control characters are what is looked for
  t.notMatch(table.replaceAll('\n', ''), /[\u0000-\u001f\u007f-\u009f\u2028\u202e]/)
  t.match(table, /x{39}…/)
})
