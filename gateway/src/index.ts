/**
 * The door: identity, tenant routing, execution, subscriptions, limits. `gateway.ts` shows how the parts come
 * together; `main.ts` is the process. `../PROTOCOL.md` is what clients may rely on.
 */
export { createGateway, type Gateway, type GatewayOptions } from './gateway.ts';
export { defaultLimits, type Limits } from './limits.ts';
