import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start } from '@dotmac/cli/start';

/** What `start` tells about its demo (design, section 8). */
export interface Demo {
  readonly graphql: string;
  readonly tenants: Readonly<Record<'alpha' | 'bravo', DemoTenant>>;
  readonly operator: { readonly token: string };
  readonly partner: { readonly token: string; readonly apiKey: string };
}

export interface DemoTenant {
  readonly tokens: {
    readonly owner: string;
    readonly noc: string;
    readonly billing: string;
    readonly subscriber: string;
  };
  readonly apiKey: string;
  readonly radius: {
    readonly host: string;
    readonly authPort: number;
    readonly acctPort: number;
    readonly coaPort: number;
    readonly secret: string;
  };
  readonly logins: readonly { readonly username: string; readonly password: string }[];
  readonly devices: readonly { readonly id: string; readonly host: string; readonly port: number }[];
}

/** A whole installation of its own, as a newcomer starts it, in a temporary state folder and on a free port. */
export interface Stack {
  readonly home: string;
  readonly demo: Demo;
  stop(): Promise<void>;
}

export async function startStack(): Promise<Stack> {
  const { home, stop } = await startIn({ demo: true });
  return { home, demo: readDemo(home), stop };
}

/** The same without a demo: control plane, tenant zero and gateway. */
export interface BareStack {
  readonly home: string;
  readonly url: string;
  stop(): Promise<void>;
}

export function startBareStack(): Promise<BareStack> {
  return startIn({ demo: false });
}

async function startIn({ demo }: { readonly demo: boolean }): Promise<BareStack> {
  const home = mkdtempSync(join(tmpdir(), 'dotmac-e2e-'));
  // As root the tenants' accounts must be able to pass; what is inside is closed to them.
  chmodSync(home, 0o711);
  const running = await start({ home, port: 0, demo });
  const stop = async () => {
    await running.stop();
    rmSync(home, { recursive: true, force: true });
  };
  return { home, url: running.url, stop };
}

export function readDemo(home: string): Demo {
  return JSON.parse(readFileSync(join(home, 'demo.json'), 'utf8')) as Demo;
}
