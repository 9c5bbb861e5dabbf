import t from 'tap'
import { isSharedDomain } from '../../src/catalogue/cloud-domains.ts'

t.test('clouds, public suffixes and single labels are shared; domains of one company are not', (t) => {
  for (const domain of ['amazonaws.com', 'googleapis.com', 'com', 'co.uk', 'github.io', 'localhost', 'vercel.app'])
    t.equal(isSharedDomain(domain), true, domain)
  for (const domain of ['anthropic.com', 'api.augmentcode.com', 'dashscope.aliyuncs.com', 'githubcopilot.com'])
    t.equal(isSharedDomain(domain), false, domain)
  t.end()
})
