import { expect, test } from 'vitest';
import { eventually, subscribeSse, subscribeWs } from '../client.ts';
import { shared } from '../shared.ts';

const alpha = shared().tenant('alpha');
const { url } = alpha.owner;
const { noc } = alpha.tokens;

interface Rates {
  readonly interfaceRates: {
    readonly id: string;
    readonly at: string;
    readonly operStatus: string | null;
    readonly inBitsPerSecond: string | null;
    readonly interface: { readonly name: string };
  };
}
const rates = `subscription ($id: ID!) { interfaceRates(interfaceId: $id) { id at operStatus inBitsPerSecond interface { name } } }`;

interface States {
  readonly networkStates: {
    readonly id: string;
    readonly kind: string;
    readonly snapshot: { readonly number: number; readonly of: number } | null;
    readonly device: { readonly name: string; readonly state: string } | null;
  };
}
const states = `subscription { networkStates(initial: true, kinds: [DEVICE, ALARM, INCIDENT]) {
  id kind snapshot { number of } device { name state } } }`;

test('two screens watch a port over two transports: the rates of one and the same reading', async () => {
  interface Answer {
    readonly devices: {
      readonly edges: readonly {
        readonly node: {
          readonly name: string;
          readonly interfaces: readonly { id: string; name: string }[];
        };
      }[];
    };
  }
  const port = await eventually(
    async () => {
      const { devices } = await alpha.noc.data<Answer>(
        '{ devices(first: 100) { edges { node { name interfaces { id name } } } } }',
      );
      const router = devices.edges.find(({ node }) => node.name === 'tower-router')?.node;
      return router?.interfaces.find(({ name }) => name === 'sfp-sfpplus1');
    },
    (found) => found !== undefined,
  );
  const screens = [
    subscribeWs<Rates>(url, noc, rates, { id: port?.id }),
    subscribeSse<Rates>(url, noc, rates, { id: port?.id }),
  ];
  try {
    /** What each screen is shown, by when it was read. */
    const shown = screens.map(() => new Map<string, string>());
    await Promise.all(
      screens.map((screen, i) =>
        screen.until(
          ({
            interfaceRates: {
              at,
              inBitsPerSecond,
              operStatus,
              interface: { name },
            },
          }) => {
            expect(name).toBe('sfp-sfpplus1');
            if (inBitsPerSecond !== null) {
              expect(operStatus).toBe('up');
              shown[i]?.set(at, inBitsPerSecond);
            }
            const [mine, other] = [shown[i], shown[1 - i]];
            return [...(mine?.keys() ?? [])].filter((time) => other?.has(time)).length >= 2;
          },
        ),
      ),
    );
    const [first, second] = shown;
    const both = [...(first ?? [])].filter(([at]) => second?.has(at));
    expect(both.length).toBeGreaterThanOrEqual(2);
    // The lab's port carries 412 Mbit/s in.
    for (const [at, value] of both) {
      expect(second?.get(at)).toBe(value);
      expect(Number(value) / 412e6).toBeCloseTo(1, 0);
    }
  } finally {
    await Promise.all(screens.map((screen) => screen.close()));
  }
});

test('a screen of states begins with how every device stands, and then shows the newest', async () => {
  const screen = subscribeWs<States>(url, noc, states);
  try {
    const standing = new Map<string, string>();
    await screen.until(({ networkStates: { device, snapshot } }) => {
      if (device !== null) standing.set(device.name, device.state);
      return snapshot?.number === snapshot?.of;
    });
    expect([...standing.keys()]).toEqual(
      expect.arrayContaining(['tower-router', 'access-switch', 'access-point', 'site-ups']),
    );
    const until = (state: string) =>
      screen.until(
        ({ networkStates: { device, snapshot } }) =>
          snapshot === null && device?.name === 'site-ups' && device.state === state,
      );
    await alpha.lab.mute('site-ups', 'on');
    await until('OFFLINE');
    await alpha.lab.mute('site-ups', 'off');
    await until('ONLINE');
  } finally {
    await alpha.lab.mute('site-ups', 'off');
    await screen.close();
  }
}, 120_000);
