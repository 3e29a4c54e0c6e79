/** A simulated NAS: logs subscribers in, accounts for them, and obeys, refuses, ignores or belies CoA. */
export * from './nas.ts';
export type { NasSession } from './session.ts';
export { parseRateLimit } from './session.ts';
