/** Loaded into a measured Node process: SIGUSR2 collects garbage, so that memory can be compared. */
process.on('SIGUSR2', () => {
  globalThis.gc?.()
  globalThis.gc?.()
})
