import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The field: what a person does at the simulated site, as `dotmac lab` does. */
export interface Lab {
  login(username: string, password: string): Promise<LabLogin>;
  logout(username: string): Promise<void>;
  sessions(): Promise<readonly LabSession[]>;
  power(state: 'on' | 'off'): Promise<void>;
  setInterface(device: string, name: string, state: 'up' | 'down'): Promise<void>;
  mute(device: string, state: 'on' | 'off'): Promise<void>;
  quirk(device: string, quirk: 'loop', state: 'on' | 'off'): Promise<void>;
  /** Every session reports its octets. */
  interim(): Promise<void>;
  coa(kind: 'obey' | 'lie' | 'ignore'): Promise<void>;
}

interface LabLogin {
  readonly accepted: boolean;
  readonly reason: string;
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
  readonly session: {
    readonly id: string;
    readonly address: string | null;
    readonly addressList: string | null;
  } | null;
}

interface LabSession {
  readonly id: string;
  readonly username: string;
  readonly address: string | null;
  readonly addressList: string | null;
  readonly downstreamBitsPerSecond: string | null;
}

export function labOf(home: string, tenant: string): Lab {
  const call = async (method: 'GET' | 'POST', path: string, body?: object) => {
    const { controlPort } = JSON.parse(readFileSync(join(home, 'lab.json'), 'utf8')) as {
      controlPort: number;
    };
    const response = await fetch(`http://127.0.0.1:${controlPort}/${tenant}/${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`The lab answered ${response.status}: ${await response.text()}`);
    return response.json();
  };
  return {
    login: (username, password) => call('POST', 'login', { username, password }) as Promise<LabLogin>,
    logout: async (username) => void (await call('POST', `logout/${username}`)),
    sessions: () => call('GET', 'sessions') as Promise<LabSession[]>,
    power: async (state) => void (await call('POST', `power/${state}`)),
    setInterface: async (device, name, state) =>
      void (await call('POST', `interface/${device}/${encodeURIComponent(name)}/${state}`)),
    mute: async (device, state) => void (await call('POST', `mute/${device}/${state}`)),
    quirk: async (device, quirk, state) => void (await call('POST', `quirk/${device}/${quirk}/${state}`)),
    interim: async () => void (await call('POST', 'interim')),
    coa: async (kind) => void (await call('POST', `coa/${kind}`)),
  };
}
