import { ValidationError } from '@dotmac/schema';
import { addressText, type Block, parseBlock } from '../address/block.ts';

/** Deterministic carrier-grade NAT (RFC 7422): every inside address has its own ports of an outside address. */
export interface CgnatBlock {
  readonly inside: string;
  readonly outside: string;
  readonly firstPort: number;
  readonly portsPerHost: number;
}

const portsThereAre = 65_536;

/** How many inside addresses share an outside one. */
function hostsPerAddress({ firstPort, portsPerHost }: CgnatBlock): number {
  return Math.floor((portsThereAre - firstPort) / portsPerHost);
}

/** The inside address behind a port of an outside address; null when the block does not use them. */
export function insideOf(block: CgnatBlock, address: string, port: number): string | null {
  const [inside, outside, asked] = [block.inside, block.outside, address].map(parseBlock);
  if (inside == null || outside == null || asked == null || asked.family !== 4) return null;
  const outer = asked.base - outside.base;
  if (outer < 0n || outer >= sizeOf(outside) || port < block.firstPort) return null;
  const host = Math.floor((port - block.firstPort) / block.portsPerHost);
  if (host >= hostsPerAddress(block)) return null;
  const inner = outer * BigInt(hostsPerAddress(block)) + BigInt(host);
  return inner < sizeOf(inside) ? addressText(4, inside.base + inner) : null;
}

/** The ports of an outside address that an inside address has; null when the block does not hold it. */
export function outsideOf(
  block: CgnatBlock,
  address: string,
): { readonly address: string; readonly firstPort: number; readonly lastPort: number } | null {
  const [inside, outside, asked] = [block.inside, block.outside, address].map(parseBlock);
  if (inside == null || outside == null || asked == null || asked.family !== 4) return null;
  const inner = asked.base - inside.base;
  if (inner < 0n || inner >= sizeOf(inside)) return null;
  const hosts = BigInt(hostsPerAddress(block));
  const firstPort = block.firstPort + Number(inner % hosts) * block.portsPerHost;
  return {
    address: addressText(4, outside.base + inner / hosts),
    firstPort,
    lastPort: firstPort + block.portsPerHost - 1,
  };
}

function sizeOf({ length }: Block): bigint {
  return 1n << BigInt(32 - length);
}

/** @throws ValidationError naming what would be right. */
export function checkCgnatBlock(block: CgnatBlock): CgnatBlock {
  const [inside, outside] = [block.inside, block.outside].map(parseBlock);
  if (inside == null || inside.family !== 4)
    throw new ValidationError('input.inside', `An IPv4 block such as 100.64.0.0/22; this is ${block.inside}`);
  if (outside == null || outside.family !== 4)
    throw new ValidationError(
      'input.outside',
      `An IPv4 block such as 203.0.113.0/26; this is ${block.outside}`,
    );
  if (block.firstPort < 1 || block.firstPort > 65_535)
    throw new ValidationError('input.firstPort', 'A port lies between 1 and 65535');
  if (block.portsPerHost < 1 || block.portsPerHost > portsThereAre - block.firstPort)
    throw new ValidationError(
      'input.portsPerHost',
      `Between 1 and ${portsThereAre - block.firstPort} ports from port ${block.firstPort} on`,
    );
  const room = sizeOf(outside) * BigInt(hostsPerAddress(block));
  if (room < sizeOf(inside))
    throw new ValidationError(
      'input.portsPerHost',
      `${block.outside} has room for ${room} hosts of ${block.portsPerHost} ports, and ${block.inside} holds ${sizeOf(inside)}`,
    );
  return block;
}

/** How sure it is that a session had an address at an instant. */
export const certainties = ['CERTAIN', 'POSSIBLE'] as const;
export type Certainty = (typeof certainties)[number];

/**
 * A session is certain between its start and its last word. After that it is possible for as long as the NAS may have been
 * silent: while it counts as live, and when we closed it without a word of the NAS.
 */
export function certaintyAt(
  session: {
    readonly startedAt: number;
    readonly updatedAt: number;
    readonly stoppedAt: number | null;
    readonly terminateCause: string | null;
    readonly interimSeconds: number;
  },
  at: number,
): Certainty | null {
  if (at < session.startedAt) return null;
  if (at <= session.updatedAt) return 'CERTAIN';
  if (session.stoppedAt === null) return 'POSSIBLE';
  const closedByUs = ['Stale', 'NAS-Reboot', 'Replaced'].includes(session.terminateCause ?? '');
  if (!closedByUs) return at <= session.stoppedAt ? 'CERTAIN' : null;
  return at <= session.stoppedAt + 3 * session.interimSeconds * 1_000 ? 'POSSIBLE' : null;
}
