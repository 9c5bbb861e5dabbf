/** README.txt of a pack: what is in it, and how to check it without Weir. */

export const readmeText = (): string => `WEIR EVIDENCE PACK
==================

What is here
  summary.html, summary.pdf       for people, English; summary.zh-CN.* in Chinese
  events.jsonl                    every record of the range, as it stands in Weir's event files
  events.csv                      the same as exchanges, for spreadsheets
  persons.jsonl                   who stands behind a record, as far as not erased and privacy allows
  policies/                       the rules that were in force; policies/index.json says since when
  proofs/                         signed checkpoints, and what leads from events.jsonl to them
  coverage.json                   what was read, and why the rest was not; gaps of the trail, damaged files
  administration.json             what administrators did, exceptions, changes of rules
  statistics.json                 the numbers of the summary
  controls.json                   which evidence speaks to which control (not legal advice)
  manifest.json, manifest.sig     every file with size and SHA-256, signed
  verify/                         programs that check this pack; they need Node.js and nothing else

Check all of it
  node verify/weir-verify-pack.mjs .            in the unpacked folder
  node verify/weir-verify-pack.mjs . --key K    K: the verifier key that you got on ANOTHER way
The key in the file verifier-key came with this pack. Compare it with the one that \`weir audit verify\`
prints at the company, or that was handed to you before: whoever made up a pack could make up a key.

Check by hand
 1 Files. \`sha256sum -c SHA256SUMS\`. manifest.json lists SHA256SUMS itself.
 2 Manifest. manifest.sig is a signed note (https://c2sp.org/signed-note): name of the key, a line
   "manifest.json sha256:<hex>", an empty line, the signature (Ed25519).
 3 Records. Each line of events.jsonl is one leaf: SHA-256(0x00 || line without newline). The record with
   number "seq" is leaf seq-1 of the tree of its "stream". Between two leaves below a node stands
   SHA-256(0x01 || left || right) (RFC 6962, section 2.1). proofs/<stream>.json: "beside" holds the hashes of
   all subtrees left and right of the leaves "first" to "end", from left to right; proofs/<stream>.omitted
   the leaves between that are not in this pack (number, hash): another time, or not asked for. The root
   must be the one in proofs/<stream>.checkpoint, a signed note of origin, size and root (base64).
   Besides, "prevHash" of each line is the SHA-256 of the line before it in its stream.
 4 Nothing before was rewritten: "earlier" holds a checkpoint from before the range and the consistency
   proof to the later one (RFC 6962, section 2.1.2). A checkpoint that you kept yourself is better.
 5 Persons. "whoDigest" of a record is the SHA-256 of "line" in persons.jsonl, which stands there as it was
   written, encrypted; "client" is what the company's key opened it to. null: erased, or not readable.
 6 Rules. A revision is sha256: over its files, sorted by name, each as
     <bytes of name> <bytes of text>\\n<name>\\n<text>\\n
   policies/index.json names the files of each revision. "kept": "redacted" means that a secret was struck
   out, so that the revision cannot be computed; "at": null that a list of the company's own terms was left
   out, whose digest stands there.

Damaged files
  "damaged" in manifest.json names event files that could not be read when the pack was made, and the numbers
  of the records that are missing for it. Their leaves stand in proofs/<stream>.omitted as far as they lie
  between records of this pack: a good copy of the file can be checked against them.

What this pack cannot show
  Traffic that did not go through Weir. Texts of requests: they are in no record. Records newer than the
  last checkpoint rest on prevHash alone; the summary says how many.

中文说明
  summary.zh-CN.html / .pdf 为中文摘要；events.jsonl 是范围内的全部记录；policies/ 是当时生效的规则；
  proofs/ 是签名检查点与证明；manifest.json 与 manifest.sig 是已签名的文件清单。
  核验：在解压后的目录中运行 node verify/weir-verify-pack.mjs . （只需 Node.js）。
  verifier-key 随本包提供，请与从其他途径得到的公钥核对。本包不构成法律意见，也不表示已符合任何要求。
`
