import fc from 'fast-check';
import { expect, test } from 'vitest';
import { execute } from './commands.ts';
import type { RouterDescription } from './description.ts';
import { compileQuery } from './query.ts';
import { Router } from './router.ts';
import { Counter } from './table.ts';
import { normaliseRate, parseDuration, printDuration } from './values.ts';

const description: RouterDescription = {
  name: 'edge',
  version: '7.22.3',
  boardName: 'CHR',
  users: [],
  interfaces: [{ name: 'ether1', rxBitsPerSecond: 8_000n, txBitsPerSecond: 16_000n }],
};

function lab(changes: Partial<RouterDescription> = {}) {
  const clock = { time: 1_700_000_000_000, now: () => clock.time };
  const router = new Router({ ...description, ...changes }, clock);
  const run = (...words: string[]) => execute(router, words, 'full');
  return { clock, router, run };
}

const secret = ['/ppp/secret/add', '=name=ada'];

test('add gives an id, fills in defaults and prints values the router’s way', () => {
  const { run } = lab();
  expect(run(...secret, '=disabled=yes')).toEqual({ rows: [], ret: '*1' });
  const [row] = run('/ppp/secret/print').rows;
  expect(row).toMatchObject({ '.id': '*1', service: 'any', profile: 'default', disabled: 'true' });
  run('/queue/simple/add', '=name=q', '=target=100.64.9.9', '=max-limit=10M/512k', '=burst-time=90/1m');
  expect(run('/queue/simple/print').rows[0]).toMatchObject({
    target: '100.64.9.9/32',
    'max-limit': '10000000/512000',
    'burst-time': '1m30s/1m',
    disabled: 'false',
  });
});

test.each([
  [['/ppp/nothing/print'], 'no such command prefix', null],
  [['/system/routerboard/print'], 'no such command prefix', null],
  [['/ppp/active/add'], 'no such command', null],
  [['/tool/print'], 'no such command', null],
  [[...secret, '=colour=red'], 'unknown parameter colour', null],
  [['/ppp/secret/print', '=colour=red'], 'unknown parameter colour', null],
  [[...secret, '=last-logged-out=now'], 'unknown parameter last-logged-out', null],
  [[...secret, '=service=pigeon'], 'input does not match any value of service', 1],
  [[...secret, '=profile=gold'], 'input does not match any value of profile', 1],
  [[...secret, '=remote-address=100.64.0.300'], 'input does not match any value of remote-address', 1],
  [[...secret, '=disabled=maybe'], 'input does not match any value of disabled', 1],
  [['/ppp/secret/add'], 'missing value(s) of argument(s) name', null],
  [['/ppp/secret/remove', '=.id=*77'], 'no such item (4)', null],
  [['/ppp/secret/set', '=numbers=nobody', '=comment=x'], 'no such item', null],
])('%j is refused with "%s"', (words, message, category) => {
  const { run } = lab();
  expect(() => run(...words)).toThrow(expect.objectContaining({ message, category }));
});

test('RouterOS 6 does not name the unknown parameter', () => {
  const { run } = lab({ version: '6.49.10' });
  expect(() => run(...secret, '=colour=red')).toThrow(/^unknown parameter$/);
});

test('duplicates are refused in each menu’s own words, stale ids are not reused', () => {
  const { run } = lab();
  run(...secret);
  expect(() => run(...secret)).toThrow('failure: secret with the same name already exists');
  const entry = ['/ip/firewall/address-list/add', '=list=a', '=address=192.0.2.1'];
  run(...entry);
  expect(() => run(...entry, '=comment=other')).toThrow('failure: already have such entry');
  run('/ip/firewall/address-list/add', '=list=b', '=address=192.0.2.1');
  run('/ppp/secret/remove', '=.id=*1');
  expect(run(...secret).ret).toBe('*2');
});

test('what the router made cannot be set, and an account that reads cannot write', () => {
  const { router, run } = lab();
  router.addSession({ username: 'ada', address: '100.64.0.2', callerId: 'x', rateLimit: '1M/2M' });
  expect(() => run('/queue/simple/set', '=numbers=<pppoe-ada>', '=max-limit=9M/9M')).toThrow(
    'can not change dynamic',
  );
  expect(() => execute(router, secret, 'read')).toThrow('not enough permissions (9)');
});

test('print obeys .proplist, queries and count-only', () => {
  const { run } = lab();
  for (const name of ['a', 'b', 'c'])
    run('/ppp/secret/add', `=name=${name}`, ...(name === 'b' ? ['=comment=x'] : []));
  expect(run('/ppp/secret/print', '=.proplist=name,nothing', '?-comment').rows).toEqual([
    { name: 'a' },
    { name: 'c' },
  ]);
  expect(run('/ppp/secret/print', '=count-only=', '?name=a', '?name=c', '?#|')).toEqual({
    rows: [],
    ret: '2',
  });
  expect(run('/ppp/secret/print', '=.proplist=.id', '?disabled=no').rows).toEqual([]);
  expect(run('/ppp/secret/print', '=.proplist=.id', '?disabled=false').rows).toHaveLength(3);
});

test.each([
  [['?a'], true],
  [['?-a'], false],
  [['?b'], false],
  [['?a=5', '?c=x'], true],
  [['?a=5', '?c=y'], false],
  [['?>a=4'], true],
  [['?<a=40'], true],
  [['?a=5', '?#!'], false],
  [['?b', '?a=5', '?#|'], true],
  [['?b', '?a=5', '?#&'], false],
  [['?b', '?#.!|'], true],
  [['?b', '?a', '?#1'], false],
])('the query %j over {a: 5, c: x} is %s', (words, expected) => {
  expect(compileQuery(words)({ a: '5', c: 'x' })).toBe(expected);
});

test('an empty comment removes it, =!field unsets', () => {
  const { run } = lab();
  run(...secret, '=comment=x', '=remote-address=100.64.0.9');
  run('/ppp/secret/set', '=.id=*1', '=comment=', '=!remote-address=');
  const [row] = run('/ppp/secret/print').rows;
  expect(row?.comment).toBeUndefined();
  expect(row?.['remote-address']).toBeUndefined();
});

test('a session brings its port, queue and list entry, and takes them away', () => {
  const { router, run, clock } = lab();
  router.addSession({
    username: 'ada',
    address: '100.64.0.2',
    callerId: 'AA:BB:CC:00:00:01',
    rateLimit: '10M/50M 20M/60M',
    addressList: 'active',
    downstreamBitsPerSecond: 80_000n,
    upstreamBitsPerSecond: 8_000n,
  });
  clock.time += 3_661_000;
  expect(run('/ppp/active/print').rows[0]).toMatchObject({ name: 'ada', uptime: '1h1m1s', radius: 'true' });
  expect(run('/interface/print', '?name=<pppoe-ada>').rows[0]).toMatchObject({
    'rx-byte': '3661000',
    'tx-byte': '36610000',
  });
  expect(run('/queue/simple/print').rows[0]).toMatchObject({
    'max-limit': '10000000/50000000',
    dynamic: 'true',
  });
  expect(run('/ip/firewall/address-list/print', '?list=active').rows).toHaveLength(1);
  router.updateSession('ada', { rateLimit: '1M/1M' });
  expect(run('/queue/simple/print').rows).toMatchObject([{ 'max-limit': '1000000/1000000' }]);

  // A disabled secret keeps the session; removing it from the active ones ends it.
  const ended: string[] = [];
  router.onSessionRemoved = (session) => ended.push(session.username);
  run(...secret, '=disabled=yes');
  expect(router.sessions).toHaveLength(1);
  const [active] = router.rows('/ppp/active');
  run('/ppp/active/remove', `=.id=${active?.['.id']}`);
  expect(ended).toEqual(['ada']);
  for (const menu of ['/ppp/active', '/queue/simple', '/ip/firewall/address-list', '/ip/firewall/connection'])
    expect(router.rows(menu)).toEqual([]);
  expect(router.rows('/interface')).toHaveLength(1);
});

test('a port without cable does not count, and remembers that it went down', () => {
  const { router, run, clock } = lab();
  clock.time += 1_000;
  router.setRunning('ether1', false);
  clock.time += 60_000;
  expect(run('/interface/print').rows[0]).toMatchObject({
    'rx-byte': '1000',
    running: 'false',
    'link-downs': '1',
  });
  expect(run('/interface/ethernet/monitor', '=numbers=ether1', '=once=').rows).toMatchObject([
    { status: 'no-link' },
  ]);
  router.setRunning('ether1', true);
  clock.time += 1_000;
  expect(run('/interface/print').rows[0]).toMatchObject({ 'rx-byte': '2000', 'tx-byte': '4000' });
});

test('counters never fall, whatever the clock and the rate do', () => {
  const change = fc.record({
    after: fc.integer({ min: -5_000, max: 60_000 }),
    rate: fc.bigInt({ min: 0n, max: 10n ** 11n }),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
      let now = 0;
      const counter = new Counter(now, 1_000n);
      let last = counter.read(now);
      for (const { after, rate } of changes) {
        now += after;
        counter.setRate(now, rate);
        const value = counter.read(now);
        expect(value).toBeGreaterThanOrEqual(last);
        last = value;
      }
    }),
    { numRuns: 200, seed: 3 },
  );
});

test('durations and rates keep their value through print and parse', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 10 }), (milliseconds) => {
      expect(parseDuration(printDuration(milliseconds))).toBe(milliseconds);
    }),
    { seed: 5 },
  );
  expect(normaliseRate('10M')).toBe('10000000');
  expect(normaliseRate('1k')).toBe('1000');
  expect(normaliseRate('fast')).toBeNull();
});
