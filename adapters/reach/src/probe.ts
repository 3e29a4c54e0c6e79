import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import type { Clock, Reach, ReachMethod, ReachProbe } from '@dotmac/device';
import { type Knock, knockTcp, knockUdp } from './knock.ts';
import { type Echoes, fastest, parseFping, parsePing } from './output.ts';
import { type Run, runProgram } from './programs.ts';

export interface ReachOptions {
  readonly clock: Clock;
  /** Whether addresses of this machine are looked at too: they always answer, which says nothing. Default false. */
  readonly loopback?: boolean;
  /** Default `runProgram`. */
  readonly run?: Run;
  /** Tried in this order; a program that cannot be used is left out from then on. Default all. */
  readonly methods?: readonly ReachMethod[];
}

/** Looks that come within this time are one run of fping. */
const gatherMilliseconds = 100;
const mostInOneRun = 256;
const pingsAtOnce = 16;
const echoMilliseconds = 700;
/** Ports that routers and radios have open, or closed and say so. */
const tcpPorts = [22, 80, 443];
/** The first port of traceroute: nobody listens there. */
const udpPort = 33_434;

interface Asked {
  readonly address: string;
  readonly done: (echoes: Echoes | null) => void;
}

const ownAddresses = new BlockList();
ownAddresses.addSubnet('127.0.0.0', 8, 'ipv4');
ownAddresses.addAddress('0.0.0.0', 'ipv4');
ownAddresses.addAddress('::1', 'ipv6');
ownAddresses.addAddress('::', 'ipv6');

/**
 * Looks whether hosts are there, without privileges of our own: by `fping` (one process for many hosts), else by `ping`, else
 * by knocking at TCP and UDP ports. ICMP needs a privilege that these programs are given by the system.
 */
export class SystemReach implements ReachProbe {
  readonly #clock: Clock;
  readonly #loopback: boolean;
  readonly #run: Run;
  readonly #methods: Set<ReachMethod>;
  #gathered: Asked[] = [];
  #pings = 0;
  readonly #waiting: (() => void)[] = [];

  constructor({ clock, loopback = false, run = runProgram, methods }: ReachOptions) {
    this.#clock = clock;
    this.#loopback = loopback;
    this.#run = run;
    this.#methods = new Set(methods ?? ['FPING', 'PING', 'TCP', 'UDP']);
  }

  async look(host: string, signal: AbortSignal): Promise<Reach | null> {
    const address = await addressOf(host);
    if (address === null || signal.aborted) return null;
    if (!this.#loopback && ownAddresses.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')) return null;
    for (const method of ['FPING', 'PING'] as const) {
      if (!this.#methods.has(method)) continue;
      const echoes = method === 'FPING' ? await this.#fping(address) : await this.#ping(address, signal);
      if (signal.aborted) return null;
      if (echoes !== null) return this.#reach(host, method, fromEchoes(echoes));
    }
    return this.#knock(host, address, signal);
  }

  #reach(host: string, method: ReachMethod, { answered, milliseconds, words }: Knock): Reach {
    return {
      host,
      method,
      verdict: answered ? 'REACHABLE' : 'SILENT',
      rttMilliseconds: milliseconds === null ? null : Math.round(milliseconds * 1_000) / 1_000,
      detail: words,
      observedAt: this.#clock.now(),
    };
  }

  #fping(address: string): Promise<Echoes | null> {
    return new Promise((done) => {
      this.#gathered.push({ address, done });
      if (this.#gathered.length >= mostInOneRun) void this.#runFping();
      else if (this.#gathered.length === 1) setTimeout(() => void this.#runFping(), gatherMilliseconds);
    });
  }

  /** One process for all that were gathered. Cancelling one look must not end the others'. */
  async #runFping(): Promise<void> {
    const asked = this.#gathered;
    if (asked.length === 0) return;
    this.#gathered = [];
    const addresses = [...new Set(asked.map((one) => one.address))];
    const words = [
      '-C',
      '2',
      '-q',
      '-p',
      '200',
      '-t',
      `${echoMilliseconds}`,
      '-i',
      '1',
      '-r',
      '0',
      ...addresses,
    ];
    const { stderr, stdout, missing } = await this.#run('fping', words, new AbortController().signal);
    const found = parseFping(`${stdout}\n${stderr}`);
    if (missing || found.size === 0) this.#methods.delete('FPING');
    for (const { address, done } of asked) done(found.get(address) ?? null);
  }

  async #ping(address: string, signal: AbortSignal): Promise<Echoes | null> {
    if (this.#pings >= pingsAtOnce) await new Promise<void>((go) => this.#waiting.push(go));
    this.#pings++;
    try {
      const words = ['-n', '-q', '-c', '2', '-i', '0.3', '-W', '1', address];
      const { stdout, stderr, missing } = await this.#run('ping', words, signal);
      const echoes = parsePing(`${stdout}\n${stderr}`);
      if (missing || (echoes === null && !signal.aborted)) this.#methods.delete('PING');
      return echoes;
    } finally {
      this.#pings--;
      this.#waiting.shift()?.();
    }
  }

  async #knock(host: string, address: string, signal: AbortSignal): Promise<Reach | null> {
    const knocks: Promise<Reach>[] = [];
    if (this.#methods.has('TCP'))
      for (const port of tcpPorts)
        knocks.push(
          knockTcp(address, port, echoMilliseconds, signal).then((knock) => this.#reach(host, 'TCP', knock)),
        );
    if (this.#methods.has('UDP'))
      knocks.push(
        knockUdp(address, udpPort, echoMilliseconds, signal).then((knock) => this.#reach(host, 'UDP', knock)),
      );
    const results = await Promise.all(knocks);
    if (signal.aborted) return null;
    return results.find(({ verdict }) => verdict === 'REACHABLE') ?? results[0] ?? null;
  }
}

async function addressOf(host: string): Promise<string | null> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch {
    // Without an address there is nothing to look at, and the poll has said why it failed.
    return null;
  }
}

function fromEchoes(echoes: Echoes): Knock {
  const milliseconds = fastest(echoes);
  const { roundTrips, complaint } = echoes;
  const came = roundTrips.filter((time) => time !== null).length;
  const words = `${came} of ${roundTrips.length} echoes came back`;
  return {
    answered: milliseconds !== null,
    milliseconds,
    words: complaint === null ? words : `${words}; ${complaint}`,
  };
}
