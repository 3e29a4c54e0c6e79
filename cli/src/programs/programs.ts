import { join } from 'node:path';

/** The programs of an installation, each with its source. */
export const sources = {
  'control-plane': 'cli/src/processes/control-plane.ts',
  gateway: 'gateway/src/main.ts',
  lab: 'cli/src/processes/lab.ts',
  'tenant-runtime': 'cli/src/processes/tenant-runtime.ts',
  'tenant-modules': 'cli/src/processes/tenant-modules.ts',
} as const;

/** What the processes of an installation run: one state of the code, readable for every tenant. */
export interface Programs {
  /** The Node that runs them. */
  readonly node: string;
  /** Each program lies there as one file, beside what they share. */
  readonly folder: string;
}

export function programFile({ folder }: Pick<Programs, 'folder'>, program: keyof typeof sources): string {
  return join(folder, `${program}.mjs`);
}
