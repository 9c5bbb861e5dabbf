import t from 'tap'
import { aiProviderOf } from '../../../src/audit/export/ai-provider.ts'

t.test('a provider is known by its hosts, the more exact first', async (t) => {
  t.strictSame(aiProviderOf('api.openai.com'), { name: 'OpenAI', system: 'openai' })
  t.strictSame(aiProviderOf('corp.openai.azure.com').system, 'azure.ai.openai')
  t.strictSame(aiProviderOf('eu-aiplatform.googleapis.com').system, 'gcp.vertex_ai')
  t.strictSame(aiProviderOf('aiplatform.googleapis.com').system, 'gcp.vertex_ai')
  t.strictSame(aiProviderOf('x.ai').system, 'x_ai')
})

t.test('a host that only looks like one stands for itself', async (t) => {
  for (const host of ['notopenai.com', 'openai.com.evil.example', 'ai']) {
    t.strictSame(aiProviderOf(host), { name: host, system: host })
  }
})
