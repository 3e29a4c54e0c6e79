import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Destinations, destinationFault } from './destination.ts';
import { managementAddressesOf } from './rules.ts';

const machine = ['192.0.2.77', '2001:db8::77'];

describe('where no device may be', () => {
  test.each([
    '0.0.0.0',
    '127.0.0.1',
    '127.255.0.9',
    '169.254.169.254',
    '100.100.100.200',
    '192.0.0.192',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.2.77',
    '::',
    '::1',
    '0:0:0:0:0:0:0:1',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'ff02::1',
    'fd00:ec2::254',
    '2001:db8:0::77',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '::ffff:0:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '2002:7f00:1::',
  ])('%s is refused', (address) => {
    expect(destinationFault(address, machine)).not.toBeNull();
  });

  test.each([
    '10.0.0.1',
    '192.168.88.1',
    '100.64.0.1',
    '198.51.100.7',
    '2001:db8::1',
    'fd12::1',
    '::ffff:10.0.0.1',
  ])('%s may be a device', (address) => {
    expect(destinationFault(address, machine)).toBeNull();
  });

  test('a demo’s devices are on the machine itself; metadata services are nowhere allowed', () => {
    expect(destinationFault('127.0.0.1', null)).toBeNull();
    expect(destinationFault('::1', null)).toBeNull();
    expect(destinationFault('169.254.169.254', null)).toMatch(/metadata/);
    expect(destinationFault('::ffff:169.254.169.254', null)).toMatch(/metadata/);
  });

  test('an IPv6 address that carries an IPv4 one is judged as that one', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(octet, octet, octet, octet, (a, b, c, d) => {
        const plain = `${a}.${b}.${c}.${d}`;
        const [high, low] = [a * 256 + b, c * 256 + d].map((part) => part.toString(16));
        const refused = destinationFault(plain, machine) !== null;
        for (const carrier of [`::ffff:${plain}`, `64:ff9b::${high}:${low}`, `2002:${high}:${low}::5`])
          expect(destinationFault(carrier, machine) !== null, carrier).toBe(refused);
      }),
    );
  });
});

describe('names', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test('the address that was looked at is the one that is dialled, also when the name moves', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const answers = ['198.51.100.7', '127.0.0.1', '169.254.169.254'];
    let asked = 0;
    const destinations = new Destinations(false, async () => answers[asked++] ?? '198.51.100.7');
    expect(await destinations.addressOf('router.example.net')).toBe('198.51.100.7');
    expect(await destinations.addressOf('router.example.net')).toBe('198.51.100.7');
    expect(asked).toBe(1);
    for (const fault of [/machine/, /metadata/]) {
      vi.advanceTimersByTime(61_000);
      await expect(destinations.addressOf('router.example.net')).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(fault),
      });
    }
    vi.advanceTimersByTime(61_000);
    expect(await destinations.addressOf('router.example.net')).toBe('198.51.100.7');
  });

  test('names of the machine, and numbers that systems read as its address', async () => {
    const destinations = new Destinations(false);
    for (const host of ['localhost', '127.1', '2130706433', '0x7f000001', '0177.0.0.1']) {
      const fault = await destinations.faultOf(host);
      const found = await destinations
        .addressOf(host)
        .catch((error: unknown) => (error as { code: string }).code);
      // Where the system reads the text at all, it is refused.
      expect(fault === null ? found : 'refused', host).toMatch(/^(?:refused|UNREACHABLE)$/);
    }
    expect(await destinations.faultOf('localhost')).toMatch(/machine/);
  });

  test('a name without an address is no fault of the name', async () => {
    const destinations = new Destinations(false, async () => Promise.reject(new Error('ENOTFOUND')));
    expect(await destinations.faultOf('not-yet.example.net')).toBeNull();
    await expect(destinations.addressOf('not-yet.example.net')).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });
  });

  test('what is no name is told so at once, however long', () => {
    for (const host of [
      `${'a'.repeat(60)}!`,
      'a'.repeat(300),
      `${'a.'.repeat(40)}!`,
      '-a',
      'a..b',
      '[::1]',
      'a b',
    ])
      expect(() => managementAddressesOf({ snmp: { host, community: 'public' } }), host).toThrow(/neither/);
    for (const host of ['bng-1', 'bng-1.example.net', 'bng-1.example.net.'])
      expect(managementAddressesOf({ snmp: { host, community: 'public' } })).toMatchObject([{ host }]);
  });
});
