import t from 'tap'
import { modelInPath } from '../../src/dialects/path-model.ts'

t.test('the model stands in the path of some providers', async (t) => {
  const cases: [string, string | null][] = [
    ['/v1beta/models/gemini-2.5-pro:generateContent', 'gemini-2.5-pro'],
    ['/v1beta/models/gemini-2.5-pro:streamGenerateContent', 'gemini-2.5-pro'],
    ['/v1/projects/p/locations/l/publishers/google/models/gemini-x:countTokens', 'gemini-x'],
    ['/v1/projects/p/locations/l/publishers/anthropic/models/claude-x@20251001:streamRawPredict', 'claude-x@20251001'],
    ['/v1beta/tunedModels/mine:generateContent', 'mine'],
    ['/model/anthropic.claude-x-v1%3A0/invoke', 'anthropic.claude-x-v1:0'],
    ['/model/anthropic.claude-x-v1:0/converse-stream', 'anthropic.claude-x-v1:0'],
    ['/model/arn%3Aaws%3Abedrock%3Ax%2Fy/invoke-with-response-stream', 'arn:aws:bedrock:x/y'],
    ['/openai/deployments/gpt-x/chat/completions', 'gpt-x'],
    ['/model/%zz/invoke', '%zz'],
    ['/v1/messages', null],
    ['/v1/models', null],
    ['/v1/models/gpt-x', null],
    ['/models/a/b:c', null],
    ['/', null],
  ]
  for (const [path, model] of cases) t.equal(modelInPath(path), model, path)
})
