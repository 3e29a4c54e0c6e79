/**
 * Node's flags for a process that is idle most of the time: a small nursery costs a busy one little and keeps tens of
 * megabytes from every idle one. `--optimize-for-size` would save 7 MB more and half of the speed (`pnpm bench idle`).
 */
export const idleProcessFlags = [
  '--max-old-space-size=192',
  '--max-semi-space-size=4',
  // So small a nursery is swept sooner by one thread than helpers wake up, which would take the core of PostgreSQL.
  '--no-parallel-scavenge',
  // Of so small a heap V8 would mark all again whenever it grew by a third: a quarter of what a busy RADIUS server works.
  '--heap-growing-percent=100',
  // The RADIUS server's sockets use `node:ffi` where it works as expected, and say so in their documentation, not at every start.
  '--disable-warning=ExperimentalWarning',
] as const;
