#!/usr/bin/env node
// The `weir` command: the built program where there is one, else the sources (a checkout).
import { existsSync } from 'node:fs'

const built = new URL('../dist/main.js', import.meta.url)
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `weir: needs Node 24 or newer; this is ${process.version}. In a checkout run: npm ci && npm start\n`,
  )
  process.exit(3)
}
await import(existsSync(built) ? built.href : new URL('../src/main.ts', import.meta.url).href)
