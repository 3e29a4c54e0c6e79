import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { DeviceError } from '@dotmac/device';
import { ValidationError } from '@dotmac/schema';
import { addressText, type Block, indexIn, parseBlock } from '../address/block.ts';

const block = (text: string): Block => parseBlock(text) as Block;

/** What no device of an ISP has: no host, the link, metadata services of clouds, groups. */
export const forbiddenBlocks: readonly { readonly block: Block; readonly what: string }[] = (
  [
    ['0.0.0.0/8', 'addresses that stand for no host'],
    ['169.254.0.0/16', 'link-local addresses and metadata services'],
    ['100.100.100.200/32', 'a metadata service'],
    ['192.0.0.192/32', 'a metadata service'],
    ['224.0.0.0/3', 'groups and reserved addresses'],
    ['::/128', 'addresses that stand for no host'],
    ['fe80::/10', 'link-local addresses'],
    ['fd00:ec2::254/128', 'a metadata service'],
    ['ff00::/8', 'groups'],
  ] as const
).map(([text, what]) => ({ block: block(text), what }));
const loopbackBlocks: readonly Block[] = ['127.0.0.0/8', '::1/128'].map(block);

/** IPv6 addresses that lead to an IPv4 one, and how far its last bit is from theirs: mapped, compatible, NAT64, 6to4. */
const carriers = [
  ['::ffff:0:0/96', 0],
  ['::ffff:0:0:0/96', 0],
  ['::/96', 0],
  ['64:ff9b::/96', 0],
  ['2002::/16', 80],
].map(([text, shift]) => ({ block: block(text as string), shift: BigInt(shift as number) }));

const holds = (outer: Block, inner: Block) => indexIn(outer, outer.length, inner) !== null;

/**
 * Why nobody may be sent to an address, in words; null when a device may be there.
 * @param machine addresses of the machine DotMac runs on; null: they may be asked, as in a demo, whose devices are there.
 */
export function destinationFault(address: string, machine: readonly string[] | null): string | null {
  const one = parseBlock(address.split('%')[0] ?? '');
  if (one === null) return `"${address}" is no address`;
  const forbidden = forbiddenBlocks.find((each) => holds(each.block, one));
  if (forbidden !== undefined) return `${address} belongs to ${forbidden.what}, where no device is`;
  const text = addressText(one.family, one.base);
  const ours =
    machine !== null && (loopbackBlocks.some((each) => holds(each, one)) || machine.includes(text));
  if (ours) return `${address} is the machine DotMac runs on, no device of yours`;
  if (one.family === 4 || loopbackBlocks.some((each) => holds(each, one))) return null;
  const carrier = carriers.find((each) => holds(each.block, one));
  if (carrier === undefined) return null;
  const inner = addressText(4, (one.base >> carrier.shift) & 0xffff_ffffn);
  const fault = destinationFault(inner, machine);
  return fault === null ? null : `${address} leads to ${inner}: ${fault}`;
}

/** The address of a name. Rejects where it has none. */
export type Resolve = (name: string) => Promise<string>;

const systemResolve: Resolve = async (name) => (await lookup(name)).address;

/** The answer for a name counts so long. */
const nameMilliseconds = 60_000;
const machineMilliseconds = 10_000;

/** Where devices may be asked: names are resolved here, and what is dialled is the address that was looked at. */
export class Destinations {
  readonly #machineToo: boolean;
  readonly #resolve: Resolve;
  readonly #names = new Map<string, { readonly address: string; readonly until: number }>();
  #machine: { readonly addresses: readonly string[]; readonly until: number } | null = null;

  /** `machineToo`: the machine DotMac runs on may be asked. */
  constructor(machineToo: boolean, resolve: Resolve = systemResolve) {
    this.#machineToo = machineToo;
    this.#resolve = resolve;
  }

  /**
   * The address to dial for a host.
   * @throws DeviceError INVALID_ARGUMENT where no device may be, UNREACHABLE for a name without an address.
   */
  async addressOf(host: string): Promise<string> {
    const address = await this.#lookUp(host);
    const fault = destinationFault(address, this.#machineAddresses());
    if (fault !== null) throw new DeviceError('INVALID_ARGUMENT', named(host, fault), { field: 'host' });
    return address;
  }

  /** Why a host cannot be a device's; null when it can, or is a name without an address so far. */
  async faultOf(host: string): Promise<string | null> {
    try {
      await this.addressOf(host);
      return null;
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      return error.code === 'INVALID_ARGUMENT' ? error.message : null;
    }
  }

  async #lookUp(host: string): Promise<string> {
    if (isIP(host) !== 0) return host;
    const now = performance.now();
    const known = this.#names.get(host);
    if (known !== undefined && known.until > now) return known.address;
    try {
      const address = await this.#resolve(host);
      this.#names.set(host, { address, until: now + nameMilliseconds });
      return address;
    } catch (error) {
      throw new DeviceError('UNREACHABLE', `No address for host "${host}"`, { cause: error });
    }
  }

  #machineAddresses(): readonly string[] | null {
    if (this.#machineToo) return null;
    const now = performance.now();
    if (this.#machine === null || this.#machine.until <= now) {
      const addresses = Object.values(networkInterfaces()).flatMap((all) =>
        (all ?? []).flatMap(({ address }) => {
          const one = parseBlock(address);
          return one === null ? [] : [addressText(one.family, one.base)];
        }),
      );
      this.#machine = { addresses, until: now + machineMilliseconds };
    }
    return this.#machine.addresses;
  }
}

/** @throws ValidationError for a host where nothing of an ISP may be. */
export async function checkDestination(
  destinations: Destinations,
  field: string,
  host: string,
): Promise<void> {
  const fault = await destinations.faultOf(host);
  if (fault !== null) throw new ValidationError(field, fault);
}

function named(host: string, fault: string): string {
  return fault.startsWith(host) ? fault : `${host}: ${fault}`;
}
