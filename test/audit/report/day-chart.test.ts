import t from 'tap'
import { dayChart, legendBox, niceTicks, shortNumber } from '../../../src/audit/report/day-chart.ts'

const text = { title: 'T', desc: 'D', id: 'a' }

t.test('a chart says what it shows to whoever cannot see it', async (t) => {
  const { svg } = dayChart([{ label: '11-22', parts: [1, 2, 3, 4] }], text)
  t.match(svg, /role="img" aria-labelledby="a-t a-d"/u)
  t.match(svg, /<title id="a-t">T<\/title><desc id="a-d">D<\/desc>/u)
})

t.test('parts differ without colour, and one among thousands is still seen', async (t) => {
  const { svg } = dayChart([{ label: 'x', parts: [10_000, 1, 1, 1] }], text)
  const bars = [...svg.matchAll(/height="([\d.]+)" fill="(#\w+|url\(#a-h\))"/gu)].slice(1)
  t.strictSame(
    bars.map(([, , fill]) => fill),
    ['#dbe4ec', '#7f9bb3', 'url(#a-h)', '#12263a'],
  )
  t.ok(
    bars.every(([, height]) => Number(height) >= 1),
    'no part vanishes',
  )
  t.match(legendBox(2, 'a'), /pattern id="a-2-h"/u)
})

t.test('a chart of nothing, of one and of very many columns stays inside its frame', async (t) => {
  for (const count of [0, 1, 92, 400]) {
    const columns = Array.from({ length: count }, (_, index) => ({ label: `l${index}`, parts: [index, 0, 1, 0] }))
    const { svg, width, height } = dayChart(columns, text)
    for (const [, x, y] of svg.matchAll(/<rect x="([\d.-]+)" y="([\d.-]+)"/gu)) {
      t.ok(Number(x) >= 0 && Number(x) <= width && Number(y) >= 0 && Number(y) <= height)
    }
    t.ok([...svg.matchAll(/text-anchor="middle"/gu)].length <= 10, 'labels do not run into each other')
  }
})

t.test('the axis has few, round and different numbers that reach the peak', async (t) => {
  for (const peak of [1, 2, 3, 4, 7, 10, 99, 100, 101, 12_345, 9_999_999]) {
    const ticks = niceTicks(peak)
    t.ok((ticks.at(-1) ?? 0) >= peak, `${peak}: ${ticks.join(' ')}`)
    t.ok(ticks.length <= 7 && new Set(ticks).size === ticks.length)
  }
  t.strictSame([950, 12_000, 3_400_000].map(shortNumber), ['950', '12k', '3.4M'])
})
