/**
 * The port between DotMac and any device. Drivers (`adapters/snmp`, `adapters/routeros`, `adapters/radius`)
 * implement it; `subgraphs/network` calls it. Read `driver.ts` first: probe, read, stream, plan, apply, verify.
 */
export * from './capability.ts';
export * from './clock.ts';
export * from './driver.ts';
export * from './error.ts';
export * from './models.ts';
export * from './plan.ts';
export * from './polling/lanes.ts';
export * from './polling/policy.ts';
export * from './reach.ts';
export * from './registry.ts';
export * from './sensors.ts';
export * from './surroundings.ts';
export * from './units.ts';
