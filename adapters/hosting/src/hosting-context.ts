import type { Clock } from '@dotmac/device';
import type { FindTombstone, Migrate, ResolveSecret } from './port.ts';
import type { HostingPaths } from './state/paths.ts';

/** What the drivers of one state folder share. */
export interface HostingContext {
  readonly paths: HostingPaths;
  /** Label of everything we create; only what carries it is ever touched. */
  readonly owner: string;
  readonly clock: Clock;
  readonly resolveSecret: ResolveSecret;
  readonly findTombstone: FindTombstone;
  readonly migrate: Migrate;
  readonly codeCacheSeed?: string | undefined;
  /** Told of failures that supervision survives. */
  onProblem(error: unknown): void;
}
