import type { Clock } from '@dotmac/device';
import { knownOid, type Oid, type OidBytes } from '../codec/oid.ts';
import type { Pdu, PduType } from '../codec/pdu.ts';
import type { SnmpValue } from '../codec/value.ts';
import type { Varbind } from '../codec/varbinds.ts';
import { errorFromStatus, NO_SUCH_NAME, TOO_BIG } from '../error.ts';
import type { Reply } from './exchange.ts';
import type { Peer } from './peer.ts';
import type { Security } from './security.ts';
import { type TableOptions, type TableResult, walkTable } from './table.ts';
import type { Tuning } from './tuning.ts';

export interface ExchangeOptions {
  /** Sends of the request before it fails with `timeout`. */
  readonly tries?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The engine as a session sees it. */
export interface Requester {
  readonly clock: Clock;
  exchange(peer: Peer, security: Security, pdu: Pdu, options: ExchangeOptions): Promise<Reply>;
}

const NULL_VALUE: SnmpValue = { type: 'null' };

/**
 * A conversation with one agent. Requests to one address run one after another, whoever asks.
 * Every method rejects with `SnmpError`; a value that is missing or malformed is a value, not an error.
 */
export class SnmpSession {
  readonly #requester: Requester;
  readonly #peer: Peer;
  readonly #security: Security;

  constructor(requester: Requester, peer: Peer, security: Security) {
    this.#requester = requester;
    this.#peer = peer;
    this.#security = security;
  }

  get version(): '1' | '2c' | '3' {
    return this.#security.version;
  }

  /** What was learnt about the device's replies. */
  get tuning(): Readonly<Tuning> {
    return this.#peer.tuning;
  }

  /**
   * The values of some objects, in the order asked. Objects the agent lacks are `noSuchObject` or
   * `noSuchInstance`, under v1 too. Splits what does not fit into one reply.
   */
  async get(oids: readonly Oid[], options: ExchangeOptions = {}): Promise<SnmpValue[]> {
    const values: SnmpValue[] = [];
    const encoded = oids.map(knownOid);
    const tuning = this.#peer.tuning;
    while (values.length < encoded.length) {
      const part = encoded.slice(values.length, values.length + tuning.getSize);
      const got = await this.#getPart(part, options);
      if (got !== null) values.push(...got);
      else tuning.getSize = Math.ceil(part.length / 2);
    }
    return values;
  }

  /** Null when the reply would be too big and fewer objects can be asked for. */
  async #getPart(oids: readonly OidBytes[], options: ExchangeOptions): Promise<SnmpValue[] | null> {
    const missing = new Set<number>();
    for (;;) {
      const asked = oids.map((_, position) => position).filter((position) => !missing.has(position));
      if (asked.length === 0) return oids.map(() => ({ type: 'noSuchObject' }));
      const varbinds = asked.map((position) => ({ oid: oids[position] as OidBytes, value: NULL_VALUE }));
      const { pdu } = await this.request('get', varbinds, options);
      const empty = pdu.errorStatus === 0 && pdu.varbinds.length < asked.length;
      if ((pdu.errorStatus === TOO_BIG || empty) && oids.length > 1) return null;
      const refused = asked[pdu.errorIndex - 1];
      if (pdu.errorStatus === NO_SUCH_NAME && refused !== undefined) {
        missing.add(refused);
        continue;
      }
      if (pdu.errorStatus !== 0) throw errorFromStatus(pdu.errorStatus, pdu.errorIndex);
      const values: SnmpValue[] = oids.map(() => ({ type: 'noSuchObject' }));
      asked.forEach((position, i) => {
        values[position] = answerTo(oids[position] as OidBytes, pdu.varbinds[i]);
      });
      return values;
    }
  }

  /** The object after each of some OIDs, in the order asked (RFC 3416 §4.2.2). */
  async getNext(oids: readonly Oid[], options: ExchangeOptions = {}): Promise<readonly Varbind[]> {
    const varbinds = oids.map((oid) => ({ oid: knownOid(oid), value: NULL_VALUE }));
    const { pdu } = await this.request('getNext', varbinds, options);
    if (pdu.errorStatus === NO_SUCH_NAME) {
      return varbinds.map(({ oid }) => ({ oid, value: { type: 'endOfMibView' } }));
    }
    if (pdu.errorStatus !== 0) throw errorFromStatus(pdu.errorStatus, pdu.errorIndex);
    return pdu.varbinds;
  }

  /**
   * Sets all of some objects or none. `errorStatus` errors carry the agent's status and the object's position.
   * Sent once: after a `timeout` the objects may or may not be set, so read them back.
   */
  async set(
    assignments: readonly { readonly oid: Oid; readonly value: SnmpValue }[],
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<readonly Varbind[]> {
    const varbinds = assignments.map(({ oid, value }) => ({ oid: knownOid(oid), value }));
    const { pdu } = await this.request('set', varbinds, { ...options, tries: 1 });
    if (pdu.errorStatus !== 0) throw errorFromStatus(pdu.errorStatus, pdu.errorIndex);
    return pdu.varbinds;
  }

  /** Columns of one table (or of tables with a common index), joined by index. See `TableResult`. */
  table(columns: readonly Oid[], options: TableOptions = {}): Promise<TableResult> {
    return walkTable(this, this.#peer.tuning, this.#requester.clock, columns.map(knownOid), options);
  }

  /** Everything below an OID, by its index below it. For whole walks; `table` reads columns side by side. */
  async subtree(
    root: Oid,
    options: TableOptions = {},
  ): Promise<
    Omit<TableResult, 'rows' | 'companions'> & {
      readonly values: ReadonlyMap<string, SnmpValue>;
    }
  > {
    const { rows, complete, warnings, packets, octets } = await this.table([root], options);
    const values = new Map<string, SnmpValue>();
    for (const [index, [value]] of rows) if (value !== undefined) values.set(index, value);
    return { values, complete, warnings, packets, octets };
  }

  /** One request, one reply, whatever its error-status. Waits for its turn with the device. */
  async request(
    type: PduType,
    varbinds: readonly Varbind[],
    options: ExchangeOptions & { readonly nonRepeaters?: number; readonly repetitions?: number } = {},
  ): Promise<Reply> {
    const { turn } = this.#peer;
    const release = turn.tryAcquire() ?? (await turn.acquire(options.signal));
    try {
      const pdu: Pdu = {
        type,
        requestId: 0,
        errorStatus: options.nonRepeaters ?? 0,
        errorIndex: options.repetitions ?? 0,
        varbinds,
      };
      return await this.#requester.exchange(this.#peer, this.#security, pdu, options);
    } finally {
      release();
    }
  }
}

/** Agents have been seen to answer with another object; its value must not be taken for the one asked. */
function answerTo(oid: OidBytes, varbind: Varbind | undefined): SnmpValue {
  if (varbind !== undefined && Buffer.compare(varbind.oid, oid) === 0) return varbind.value;
  return { type: 'malformed', reason: 'the agent answered with another object', raw: Buffer.alloc(0) };
}
