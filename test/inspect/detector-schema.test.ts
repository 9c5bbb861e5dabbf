import t from 'tap'
import { detectorFileSchema } from '../../src/inspect/detector-schema.ts'

const file = (rule: Record<string, unknown>) =>
  detectorFileSchema.safeParse({
    version: 1,
    detectors: [{ id: 'a-b', name: 'A b', severity: 'low', examples: { match: ['x'] }, ...rule }],
  })

t.test('what a rule leaves out has its default', async (t) => {
  const parsed = file({ keywords: ['ab'], pattern: 'ab' })
  t.match(parsed.data?.detectors[0], {
    confidence: 'high',
    ignoreCase: false,
    boundary: 'word',
    end: 'word',
    window: 600,
    validators: [],
    sources: [],
    examples: { match: ['x'], noMatch: [] },
  })
})

t.test('a rule needs one way to start and one way to look', async (t) => {
  const rows: readonly [rule: Record<string, unknown>, isGood: boolean][] = [
    [{ keywords: ['ab'], pattern: 'ab' }, true],
    [{ near: ['ab'], pattern: 'x' }, true],
    [{ trigger: 'digits', finder: 'card' }, true],
    [{ keywords: ['@'], finder: 'email' }, true],
    [{ keywords: ['ab'] }, false],
    [{ pattern: 'ab' }, false],
    [{ keywords: ['ab'], pattern: 'ab', finder: 'pem' }, false],
    [{ keywords: ['ab'], near: ['ab'], pattern: 'ab' }, false],
    [{ trigger: 'digits', pattern: 'ab' }, false],
    [{ near: ['ab'], finder: 'pem' }, false],
    [{ keywords: [], pattern: 'ab' }, false],
    [{ keywords: ['ab'], finder: 'no-such' }, false],
    [{ keywords: ['ab'], pattern: 'ab', id: 'Not An Id' }, false],
    [{ keywords: ['ab'], pattern: 'ab', examples: { match: [] } }, false],
  ]
  for (const [rule, isGood] of rows) t.equal(file(rule).success, isGood, JSON.stringify(rule))
})
