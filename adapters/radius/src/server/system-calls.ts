import { endianness } from 'node:os';

/** What of Linux's socket calls Node does not offer, by libc (socket(2), bind(2), setsockopt(2), recvmmsg(2), sendmmsg(2)). */
export interface SystemCalls {
  socket(domain: number, type: number, protocol: number): number;
  bind(descriptor: number, address: bigint, length: number): number;
  setsockopt(descriptor: number, level: number, name: number, value: bigint, length: number): number;
  close(descriptor: number): number;
  recvmmsg(descriptor: number, messages: bigint, count: number, flags: number, timeout: bigint): number;
  sendmmsg(descriptor: number, messages: bigint, count: number, flags: number): number;
  /** Where the octets of a buffer of 64 or more lie; good for as long as the buffer lives. */
  addressOf(buffer: Buffer): bigint;
}

let known: SystemCalls | null | undefined;

/**
 * Null where they are not to be had: another system than Linux with 64 bits, or a Node without `node:ffi` (before 26.1, or
 * switched off by `--no-experimental-ffi`). The interface is experimental: what does not answer as expected is not used.
 */
export function systemCalls(): SystemCalls | null {
  if (known === undefined) known = load();
  return known;
}

function load(): SystemCalls | null {
  const suits =
    process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch) && endianness() === 'LE';
  const ffi = suits ? process.getBuiltinModule('node:ffi') : undefined;
  if (ffi === undefined) return null;
  try {
    const { functions } = ffi.dlopen(null, {
      getpid: { arguments: [], return: 'int32' },
      socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
      bind: { arguments: ['int32', 'pointer', 'uint32'], return: 'int32' },
      setsockopt: { arguments: ['int32', 'int32', 'int32', 'pointer', 'uint32'], return: 'int32' },
      close: { arguments: ['int32'], return: 'int32' },
      recvmmsg: { arguments: ['int32', 'pointer', 'uint32', 'int32', 'pointer'], return: 'int32' },
      sendmmsg: { arguments: ['int32', 'pointer', 'uint32', 'int32'], return: 'int32' },
    });
    return functions.getpid() === process.pid
      ? { ...functions, addressOf: (buffer) => ffi.getRawPointer(buffer) }
      : null;
  } catch {
    // Not this Node's way of asking; the portable sockets do the same, slower.
    return null;
  }
}
