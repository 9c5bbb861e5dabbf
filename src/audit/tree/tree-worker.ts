/** The thread that keeps the tree of a stream's event files: follows them every second, signs a checkpoint when one is due. */
import { parentPort, workerData } from 'node:worker_threads'
import { loadCheckpointKey, signerOf } from './checkpoint-key.ts'
import { TreeBroken, TreeFollower } from './follower.ts'
import { treeFolder } from './tree-files.ts'
import type { FromTree, ToTree, TreeSettings } from './tree-protocol.ts'

/** How often new lines are looked for, and how long a checkpoint may be late. */
const FOLLOW_MS = 1000
/** Until the first one: it is signed at once, so that even a Weir that has just begun can be checked with its key. */
const FIRST_MS = 50

const settings = workerData as TreeSettings
const port = parentPort
if (port === null) throw new Error('audit: tree-worker.ts runs as a worker thread only')
const tell = (message: FromTree): void => port.postMessage(message)
const durable = new BigInt64Array(settings.durable)
const durableSeq = (): number => Number(Atomics.load(durable, 0))

let follower: TreeFollower | null = null
let isBroken = false
let lastCheckpointMs = Number.NEGATIVE_INFINITY
let lastHealth = ''

function report(ok: boolean, detail: string | null): void {
  const said = `${String(ok)} ${detail ?? ''}`
  if (said === lastHealth) return
  lastHealth = said
  tell({ kind: 'health', ok, detail })
}

/** Opened with the first durable line: by then the spool has repaired the files, and whatever stands there is on disk. */
function open(): TreeFollower {
  const { dir, stream, keyFile } = settings
  return new TreeFollower({
    dir,
    treeDir: treeFolder(dir, stream),
    stream,
    signer: signerOf(loadCheckpointKey(keyFile), stream),
    onRebuilt: (size) => tell({ kind: 'rebuilt', size }),
  })
}

/** Takes a step; `true`: there is more to take at once. Never throws. */
function step(): boolean {
  if (isBroken || durableSeq() === 0) return false
  try {
    follower ??= open()
    const hasMore = follower.step(durableSeq())
    if (performance.now() - lastCheckpointMs >= settings.checkpointMs - FOLLOW_MS) checkpoint(follower)
    report(true, null)
    return hasMore
  } catch (error) {
    fail(error)
    return false
  }
}

function checkpoint(from: TreeFollower): void {
  const made = from.checkpoint(new Date().toISOString().slice(0, 10))
  if (made === null) return
  lastCheckpointMs = performance.now()
  const { note, ...head } = made
  tell({ kind: 'checkpoint', checkpoint: head, note })
}

function fail(error: unknown): void {
  const detail = error instanceof Error ? error.message : String(error)
  if (error instanceof TreeBroken) {
    isBroken = true
    tell({ kind: 'broken', detail })
  }
  report(false, detail)
}

let timer: NodeJS.Timeout | null = null
let isClosed = false
function follow(): void {
  if (isClosed) return
  if (step()) setImmediate(follow)
  else timer = setTimeout(follow, Math.min(durableSeq() === 0 ? FIRST_MS : FOLLOW_MS, settings.checkpointMs))
}

// The only message there is: close.
port.on('message', (_: ToTree) => {
  isClosed = true
  if (timer !== null) clearTimeout(timer)
  while (step()) continue
  try {
    if (follower !== null && !isBroken) checkpoint(follower)
  } catch (error) {
    fail(error)
  }
  port.close()
})

follow()
