/** Which requests say in their head what their body is: it goes upstream as it came, or not at all. */
import { headerValues } from '../domain/headers.ts'
import type { RequestHead } from '../domain/tool.ts'

/**
 * A signature or digest in the head covers the body: an edit would be refused upstream (AWS SigV4 and what other clouds made
 * after it: Google, Tencent, Alibaba, Huawei, Volcengine; RFC 9530; S3's checksums).
 */
export function isSignedBody({ headers }: Pick<RequestHead, 'headers'>): boolean {
  if (headerValues(headers, 'authorization').some((value) => SCHEME.test(value))) return true
  return headers.some((name, index) => index % 2 === 0 && OF_THE_BODY.test(name))
}

const SCHEME = /^\s*(?:AWS4-|GOOG4-|(?:[\w-]{1,20}-)?HMAC-S)/iu

const OF_THE_BODY =
  /^(?:content-md5|(?:content-|repr-)?digest|signature|x-amz-content-sha256|x-amz-checksum-.*|x-goog-hash)$/iu
