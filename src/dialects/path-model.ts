/** Providers that name the model in the path and not in the body: Gemini (also on Vertex), Bedrock, Azure OpenAI. */

const NAMED =
  /\/(?:models|tunedModels)\/([^/:]+):[a-zA-Z]+$|\/model\/([^/]+)\/(?:invoke|converse)[a-z-]*$|\/openai\/deployments\/([^/]+)\//u

/** The model that a path names, percent-decoded; `null` when it names none. Linear in the path's length. */
export function modelInPath(path: string): string | null {
  const match = NAMED.exec(path)
  const name = match?.[1] ?? match?.[2] ?? match?.[3]
  if (name === undefined) return null
  try {
    return decodeURIComponent(name)
  } catch {
    return name // a stray percent sign: as sent
  }
}
