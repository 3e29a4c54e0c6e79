/** A simulated NAS: logs subscribers in, accounts for them, and obeys, refuses, ignores or belies CoA. */
export type { LoginMethod } from './attributes.ts';
export { answerDynamicAuthorization, type DynamicAuthorizationAnswer } from './coa-listener.ts';
export * from './nas.ts';
export type { NasSession } from './session.ts';
export { parseRateLimit } from './session.ts';
