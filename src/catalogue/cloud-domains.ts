/** Domains that many companies and services share: never AI as a whole. */
import { parse } from 'tldts'

const CLOUDS: ReadonlySet<string> = new Set(
  `
  amazonaws.com amazonaws.com.cn api.aws cloudfront.net azure.com azure.net azure.cn windows.net azurefd.net
  azureedge.net azurewebsites.net cognitiveservices.azure.com microsoft.com office.com office365.com live.com
  bing.com google.com googleapis.com googleusercontent.com gstatic.com run.app web.app appspot.com github.com
  github.io githubusercontent.com gitlab.com cloudflare.com workers.dev pages.dev r2.dev vercel.app netlify.app
  herokuapp.com onrender.com fly.dev aliyun.com aliyuncs.com alibaba.com taobao.com myqcloud.com qcloud.com
  tencent.com qq.com tencentcloudapi.com tencentcs.com tcloudbasegateway.com tcloudbase.com baidu.com baidubce.com
  bcebos.com volces.com volcengine.com volccdn.com bytepluses.com byteplusapi.com myhuaweicloud.com
  huaweicloud.com sentry.io datadoghq.com cloud.databricks.com snowflakecomputing.com slack.com zoom.us zoom.com
  atlassian.net sharepoint.com salesforce.com oraclecloud.com fastly.net akamaized.net
`
    .trim()
    .split(/\s+/u),
)

/** A cloud, a public suffix (`com`, `co.uk`, `github.io`) or a single label: too wide for `*.` and for a regex. */
export function isSharedDomain(domain: string): boolean {
  if (CLOUDS.has(domain) || !domain.includes('.')) return true
  return parse(domain, { allowPrivateDomains: true }).publicSuffix === domain
}
