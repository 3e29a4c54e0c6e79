/**
 * Whether a host is there, apart from any management protocol and without privileges: by the system's `fping` or `ping`, else
 * by knocking at ports. Read `probe.ts`.
 */
export { type ReachOptions, SystemReach } from './probe.ts';
