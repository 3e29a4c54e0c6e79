import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressText, blockText, countOf, indexIn, nthOf, parseBlock } from './block.ts';
import type { Asked } from './holder.ts';
import { Lender, unseenMilliseconds } from './lender.ts';
import type { Lease, LendingPool } from './pool-state.ts';

const pool: LendingPool = {
  id: 'pol_1',
  name: 'lent',
  kind: 'IPV4',
  cidr: '100.64.0.0/29',
  lentLength: 32,
  nasIds: [],
};
const prefixes: LendingPool = {
  ...pool,
  id: 'pol_2',
  kind: 'DELEGATED_PREFIX',
  cidr: '2001:db8::/54',
  lentLength: 56,
};
const asked = (service: number, more: Partial<Asked> = {}): Asked => ({
  kind: 'IPV4',
  serviceId: `svc_${service}`,
  mac: `mac ${service}`,
  nasId: 'nas_1',
  poolId: null,
  ...more,
});
function lenderOf(...pools: LendingPool[]): Lender {
  const lender = new Lender();
  lender.setPools(pools);
  return lender;
}
const prefixOf = (lease: ReturnType<Lender['lend']>) =>
  lease === null || lease === 'EXHAUSTED' ? lease : lease.prefix;

describe('blocks', () => {
  test.each([
    ['100.64.3.9/22', '100.64.0.0/22'],
    ['10.0.0.1', '10.0.0.1/32'],
    ['2001:db8:0:1234::1/48', '2001:db8::/48'],
    ['::ffff:192.0.2.1', '::ffff:c000:201/128'],
  ])('%s is %s', (text, canonical) => {
    const block = parseBlock(text);
    expect(block === null ? null : blockText(block)).toBe(canonical);
  });
  test.each(['', '10.0.0.0/33', '10.0.0/8', '2001:db8::/129', 'fe80::1%eth0', '10.0.0.0/8/8', '10.0.0.0/-1'])(
    '"%s" is none',
    (text) => expect(parseBlock(text)).toBeNull(),
  );
  test('what is written is read back; every part is found in its place', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
        fc.integer({ min: 0, max: 64 }),
        (value, length) => {
          expect(parseBlock(addressText(6, value))?.base).toBe(value);
          const block = parseBlock(`${addressText(6, value)}/${length}`);
          if (block === null) throw new Error('unread');
          const last = countOf(block, 64) - 1n;
          expect(indexIn(block, 64, nthOf(block, 64, last))).toBe(last);
        },
      ),
    );
  });
});

describe('a pool lends', () => {
  test('unused addresses first, the gateway never; who comes back gets what he had', () => {
    const lender = lenderOf(pool);
    expect(prefixOf(lender.lend(asked(1), 0))).toBe('100.64.0.2/32');
    expect(prefixOf(lender.lend(asked(2), 0))).toBe('100.64.0.3/32');
    lender.release(asked(1), 1);
    expect(prefixOf(lender.lend(asked(3), 2))).toBe('100.64.0.4/32');
    expect(prefixOf(lender.lend(asked(1), 3))).toBe('100.64.0.2/32');
  });

  test('what is longest unused when nothing else is left, and then nothing', () => {
    const lender = lenderOf(pool);
    for (let service = 1; service <= 5; service++) lender.lend(asked(service), 0);
    expect(lender.lend(asked(6), 1)).toBe('EXHAUSTED');
    lender.release(asked(4), 2);
    lender.release(asked(2), 3);
    expect(prefixOf(lender.lend(asked(6), 4))).toBe('100.64.0.5/32');
    // Another has his: he gets the other one.
    expect(prefixOf(lender.lend(asked(4), 5))).toBe('100.64.0.3/32');
  });

  test('prefixes, per NAS and by the pool that is asked for', () => {
    const lender = lenderOf(prefixes, { ...pool, nasIds: ['nas_2'] });
    expect(prefixOf(lender.lend(asked(1, { kind: 'DELEGATED_PREFIX' }), 0))).toBe('2001:db8::/56');
    expect(prefixOf(lender.lend(asked(2, { kind: 'DELEGATED_PREFIX' }), 0))).toBe('2001:db8:0:100::/56');
    expect(lender.lend(asked(1), 0)).toBeNull();
    expect(prefixOf(lender.lend(asked(1, { nasId: 'nas_2', poolId: 'pol_1' }), 0))).toBe('100.64.0.2/32');
    expect(lender.lend(asked(1, { nasId: 'nas_2', poolId: 'pol_9' }), 0)).toBeNull();
  });

  test('a login that no session follows gives back', () => {
    const lender = lenderOf(pool);
    for (let service = 1; service <= 5; service++) lender.lend(asked(service), 0);
    lender.seen(asked(1), '100.64.0.2', 1);
    lender.expire(unseenMilliseconds + 1);
    expect(prefixOf(lender.lend(asked(6), 9e9))).toBe('100.64.0.3/32');
  });

  test('a session found with an address keeps it; with somebody else’s it is told', () => {
    const lender = lenderOf(pool);
    expect(lender.seen(asked(7), '100.64.0.3', 0)).toBe(true);
    lender.lend(asked(1), 0);
    expect(prefixOf(lender.lend(asked(2), 0))).toBe('100.64.0.4/32');
    expect(lender.seen(asked(8), '100.64.0.3', 1)).toBe(false);
    expect(lender.seen(asked(8), '198.51.100.1', 1)).toBe(true);
  });

  test('after a restart from the record it goes on as before', () => {
    const before = lenderOf(pool);
    for (let service = 1; service <= 3; service++) before.lend(asked(service), 0);
    before.release(asked(2), 1);
    const after = lenderOf(pool);
    for (const lease of before.takeChanged()) after.restore({ ...lease });
    expect(prefixOf(after.lend(asked(4), 2))).toBe('100.64.0.5/32');
    expect(prefixOf(after.lend(asked(2), 2))).toBe('100.64.0.3/32');
  });

  test('whatever happens in whatever order, two lines never hold the same, and what was previewed is lent', () => {
    const step = fc.record({
      kind: fc.constantFrom('login', 'end', 'seen', 'expire', 'restart'),
      service: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let lender = lenderOf(pool, prefixes);
        const record = new Map<string, Lease>();
        const online = new Map<number, string>();
        let now = 0;
        for (const { kind, service } of steps) {
          now += 1_000;
          if (kind === 'login') {
            const preview = lender.preview(asked(service), 0);
            const lease = lender.lend(asked(service), now);
            expect(typeof preview === 'object' && preview !== null ? preview.prefix : preview).toBe(
              prefixOf(lease),
            );
            if (lease === 'EXHAUSTED') {
              expect(online.size).toBe(5);
              continue;
            }
            const address = prefixOf(lease)?.slice(0, -3) ?? '';
            for (const [other, held] of online) expect(other === service || held !== address).toBe(true);
            online.set(service, address);
            expect(lender.seen(asked(service), address, now)).toBe(true);
          } else if (kind === 'end') {
            online.delete(service);
            lender.release(asked(service), now);
          } else if (kind === 'seen') {
            const held = online.get(service);
            if (held !== undefined) expect(lender.seen(asked(service), held, now)).toBe(true);
          } else if (kind === 'expire') lender.expire(now + unseenMilliseconds);
          for (const lease of lender.takeChanged()) record.set(lease.prefix, { ...lease });
          if (kind !== 'restart') continue;
          lender = lenderOf(pool, prefixes);
          for (const lease of record.values()) lender.restore({ ...lease });
          for (const [other, held] of online) lender.seen(asked(other), held, now);
        }
      }),
    );
  });
});
