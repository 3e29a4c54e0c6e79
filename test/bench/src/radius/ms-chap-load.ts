import { fork } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import {
  buildRequest,
  encodeAttributes,
  msChapV2Attempt,
  packetCodes,
  sharedSecret,
  standardDictionary,
  verifyReply,
} from '@dotmac/radius';
import { type Load, type LoadResult, loadSecret } from './radgen.ts';

type MsChapLoad = Omit<Load, 'mode' | 'rate'>;

/** MS-CHAPv2, which the load generator has not, from a process of its own: a request follows an answer. */
export async function msChapLoad(load: MsChapLoad): Promise<LoadResult> {
  const child = fork(import.meta.filename, [JSON.stringify(load)], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const exited = once(child, 'exit');
  const [result] = (await Promise.race([
    once(child, 'message'),
    exited.then(([code]) => Promise.reject(new Error(`the MS-CHAPv2 load ended with ${code}`))),
  ])) as [LoadResult];
  await exited;
  return result;
}

/** Logins made ahead: what the peer computes is not what is measured. */
const attempts = 2_000;
const sockets = 4;
const lostMilliseconds = 2_000;
/** Of so many answers one is checked to the last octet; each is for its identifier. */
const checkedOf = 16;

interface InFlight {
  readonly request: Buffer;
  readonly at: number;
}

class Generator {
  readonly #load: MsChapLoad;
  readonly #secret = sharedSecret(loadSecret);
  readonly #attempts: readonly Uint8Array[];
  readonly #inFlight: Map<number, InFlight>[] = Array.from({ length: sockets }, () => new Map());
  readonly #sockets: Socket[] = [];
  readonly #next = new Array<number>(sockets).fill(0);
  readonly #latencies: number[] = [];
  readonly #count = { sent: 0, answered: 0, rejected: 0, lost: 0, bad: 0, measured: 0 };
  #measuring = false;
  #ending = false;

  constructor(load: MsChapLoad) {
    this.#load = load;
    this.#attempts = Array.from({ length: attempts }, (_, n) => {
      const number = String(n).padStart(5, '0');
      return encodeAttributes(standardDictionary(), [
        { name: 'User-Name', value: `user${number}` },
        ...msChapV2Attempt(`user${number}`, `pw${number}`).attributes,
        { name: 'NAS-IP-Address', value: '127.0.0.1' },
        { name: 'NAS-Port', value: n },
        { name: 'NAS-Port-Id', value: `pppoe-${number}` },
        { name: 'Service-Type', value: 2 },
        { name: 'Framed-Protocol', value: 1 },
        { name: 'Calling-Station-Id', value: `02-00-00-00-${String(n).padStart(4, '0').slice(0, 2)}-00` },
      ]);
    });
  }

  async run(): Promise<LoadResult> {
    const { inFlight, seconds, warmUpSeconds } = this.#load;
    for (let index = 0; index < sockets; index++) {
      const socket = createSocket('udp4');
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      socket.connect(this.#load.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.on('message', (reply) => this.#answered(index, reply));
      this.#sockets.push(socket);
    }
    for (let n = 0; n < inFlight; n++) this.#send(n % sockets);
    const watch = setInterval(() => this.#giveUp(), 100);
    await pause(warmUpSeconds * 1_000);
    this.#measuring = true;
    const began = performance.now();
    await pause(seconds * 1_000);
    this.#measuring = false;
    const took = (performance.now() - began) / 1_000;
    this.#ending = true;
    while (this.#inFlight.some((waiting) => waiting.size > 0)) await pause(10);
    clearInterval(watch);
    for (const socket of this.#sockets) socket.close();
    this.#latencies.sort((a, b) => a - b);
    const percentile = (part: number) =>
      this.#latencies[Math.ceil(part * this.#latencies.length) - 1] ?? Number.NaN;
    const { measured, ...count } = this.#count;
    return {
      ...count,
      not_sent: 0,
      rps: measured / took,
      p50_ms: percentile(0.5),
      p99_ms: percentile(0.99),
    };
  }

  #send(index: number): void {
    if (this.#ending) return;
    const waiting = this.#inFlight[index] as Map<number, InFlight>;
    let identifier = this.#next[index] as number;
    while (waiting.has(identifier)) identifier = (identifier + 1) & 255;
    this.#next[index] = (identifier + 1) & 255;
    const request = buildRequest({
      code: packetCodes['Access-Request'],
      identifier,
      secret: this.#secret,
      attributes: this.#attempts[this.#count.sent % attempts] as Uint8Array,
      messageAuthenticator: true,
    });
    waiting.set(identifier, { request, at: performance.now() });
    this.#count.sent++;
    this.#sockets[index]?.send(request);
  }

  #answered(index: number, reply: Buffer): void {
    const waiting = this.#inFlight[index] as Map<number, InFlight>;
    const of = waiting.get(reply[1] as number);
    if (of === undefined) {
      this.#count.bad++;
      return;
    }
    waiting.delete(reply[1] as number);
    this.#count.answered++;
    if (reply[0] !== packetCodes['Access-Accept']) this.#count.rejected++;
    if (this.#count.answered % checkedOf === 0 && verifyReply(reply, of.request, this.#secret) !== null)
      this.#count.bad++;
    if (this.#measuring) {
      this.#count.measured++;
      this.#latencies.push(performance.now() - of.at);
    }
    this.#send(index);
  }

  #giveUp(): void {
    const before = performance.now() - lostMilliseconds;
    for (const [index, waiting] of this.#inFlight.entries())
      for (const [identifier, { at }] of waiting)
        if (at < before) {
          waiting.delete(identifier);
          this.#count.lost++;
          this.#send(index);
        }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

if (import.meta.main) {
  const result = await new Generator(JSON.parse(process.argv[2] ?? '{}') as MsChapLoad).run();
  process.send?.(result);
  process.disconnect?.();
}
