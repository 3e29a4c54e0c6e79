import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPorts } from '@dotmac/lab';
import { isMissing } from '../secrets/file-secrets.ts';

/** What the lab keeps over restarts, so that devices stay where the tenants know them. */
export interface LabState {
  /** 0 until it has run once. */
  readonly controlPort: number;
  readonly networks: Readonly<Record<string, LabNetworkState>>;
}

export interface LabNetworkState {
  readonly radius: {
    readonly host: string;
    readonly authPort: number;
    readonly acctPort: number;
    readonly secret: string;
  };
  readonly routerosPassword: string;
  readonly ports: LabPorts;
}

const fileOf = (home: string) => join(home, 'lab.json');

export function readLabState(home: string): LabState {
  try {
    return JSON.parse(readFileSync(fileOf(home), 'utf8')) as LabState;
  } catch (error) {
    if (isMissing(error)) return { controlPort: 0, networks: {} };
    throw error;
  }
}

export function writeLabState(home: string, state: LabState): void {
  const file = fileOf(home);
  writeFileSync(`${file}.new`, JSON.stringify(state, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
