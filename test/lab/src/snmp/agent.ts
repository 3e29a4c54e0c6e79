import {
  type Arcs,
  element,
  oidContent,
  parseRequest,
  replyMessage,
  varbindElement,
  type WireRequest,
} from './ber.ts';
import type { Quirk } from './description.ts';
import type { LabObject, ObjectTree } from './tree.ts';

export interface AgentOptions {
  readonly community: string;
  readonly quirks: ReadonlySet<Quirk>;
  /** Largest reply message in octets; a GETBULK reply is cut to fit. */
  readonly maxReplyOctets: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

const TAG = { get: 0xa0, getNext: 0xa1, set: 0xa3, getBulk: 0xa5 } as const;
const STATUS = { noError: 0, tooBig: 1, noSuchName: 2, wrongValue: 10, notWritable: 17 } as const;
const EXCEPTION = { noSuchObject: 0x80, noSuchInstance: 0x81, endOfMibView: 0x82 } as const;
const MESSAGE_OVERHEAD = 40;

/** An SNMPv1 and v2c agent over a tree of objects: a datagram in, a datagram (or silence) out. */
export class SnmpAgent {
  readonly #tree: ObjectTree;
  readonly #options: AgentOptions;
  #returned = 0;
  #replies = 0;

  constructor(tree: ObjectTree, options: AgentOptions) {
    this.#tree = tree;
    this.#options = options;
  }

  answer(datagram: Buffer): Buffer | null {
    const { quirks, community } = this.#options;
    const request = parseRequest(datagram);
    if (request === null || request.community.toString('utf8') !== community) return null;
    if (quirks.has('v1') && request.version !== 0) return null;
    this.#replies++;
    if (quirks.has('garbage') && this.#replies % 10 === 0) return Buffer.from('3005010203', 'hex');
    switch (request.pduTag) {
      case TAG.get:
        return this.#get(request);
      case TAG.getNext:
        return this.#getNext(request);
      case TAG.set:
        return this.#set(request);
      case TAG.getBulk:
        return request.version === 1 && !quirks.has('nobulk') ? this.#getBulk(request) : null;
      default:
        return null;
    }
  }

  #get(request: WireRequest): Buffer {
    const answers = request.varbinds.map(({ oid }) => {
      const object = this.#tree.find(oid);
      if (object !== undefined) return { encoded: this.#encode(object), missing: false };
      const tag = this.#tree.hasSibling(oid) ? EXCEPTION.noSuchInstance : EXCEPTION.noSuchObject;
      return { encoded: exception(oid, tag), missing: true };
    });
    return this.#respond(request, answers);
  }

  #getNext(request: WireRequest): Buffer {
    const answers = request.varbinds.map(({ oid }) => {
      const object = this.#tree.at(this.#after(oid));
      if (object !== undefined) return { encoded: this.#encode(object), missing: false };
      return { encoded: exception(oid, EXCEPTION.endOfMibView), missing: true };
    });
    return this.#respond(request, answers);
  }

  #respond(request: WireRequest, answers: readonly { encoded: Buffer; missing: boolean }[]): Buffer {
    const missing = answers.findIndex((answer) => answer.missing);
    const encoded = answers.map((answer) => answer.encoded);
    if (request.version === 0 && missing >= 0) return this.#refuse(request, STATUS.noSuchName, missing + 1);
    if (octets(encoded) > this.#room(request)) return this.#reply(request, STATUS.tooBig, 0, []);
    return this.#reply(request, STATUS.noError, 0, encoded);
  }

  #set(request: WireRequest): Buffer {
    const objects = request.varbinds.map(({ oid }) => this.#tree.find(oid));
    const readOnly = objects.findIndex((object) => object?.write === undefined);
    if (readOnly >= 0) {
      const status = request.version === 0 ? STATUS.noSuchName : STATUS.notWritable;
      return this.#refuse(request, status, readOnly + 1);
    }
    for (const [i, { value }] of request.varbinds.entries()) {
      if (!objects[i]?.write?.(value)) return this.#refuse(request, STATUS.wrongValue, i + 1);
    }
    return this.#reply(request, STATUS.noError, 0, request.varbinds.map(varbindElement));
  }

  #getBulk(request: WireRequest): Buffer {
    const single = request.varbinds.slice(0, Math.max(0, request.nonRepeaters));
    const out = single.map(({ oid }) => {
      const object = this.#tree.at(this.#after(oid));
      return object === undefined ? exception(oid, EXCEPTION.endOfMibView) : this.#encode(object);
    });
    const cursors = request.varbinds
      .slice(single.length)
      .map(({ oid }) => ({ oid, position: this.#after(oid) }));
    const room = this.#room(request);
    let size = octets(out);
    let cut = false;
    for (let round = 0; round < request.maxRepetitions && cursors.length > 0 && !cut; round++) {
      let alive = false;
      for (const cursor of cursors) {
        const object = this.#tree.at(cursor.position);
        const encoded =
          object === undefined ? exception(cursor.oid, EXCEPTION.endOfMibView) : this.#encode(object);
        if (size + encoded.length > room) {
          cut = true;
          break;
        }
        size += encoded.length;
        out.push(encoded);
        if (object === undefined) continue;
        alive = true;
        cursor.oid = object.oid;
        cursor.position++;
      }
      if (!alive) break;
    }
    const { quirks } = this.#options;
    if (cut && (quirks.has('toobig') || out.length === 0)) return this.#reply(request, STATUS.tooBig, 0, []);
    if (cut && quirks.has('empty')) return this.#reply(request, STATUS.noError, 0, []);
    return this.#reply(request, STATUS.noError, 0, out);
  }

  #after(oid: Arcs): number {
    const position = this.#tree.position(oid, true);
    const loops = this.#options.quirks.has('loop') && this.#returned > 40;
    return loops ? Math.max(0, position - 2) : position;
  }

  #encode(object: LabObject): Buffer {
    this.#returned++;
    if (this.#options.quirks.has('badvb') && this.#returned % 25 === 0) {
      return varbindElement({ oid: object.oid, value: { tag: 0x40, content: Buffer.of(0) } });
    }
    return varbindElement({ oid: object.oid, value: object.read() });
  }

  #room(request: WireRequest): number {
    return this.#options.maxReplyOctets - MESSAGE_OVERHEAD - request.community.length;
  }

  #refuse(request: WireRequest, status: number, index: number): Buffer {
    const echoed = request.varbinds.map(({ oid }) => exception(oid, 0x05));
    return this.#reply(request, status, index, echoed);
  }

  #reply(request: WireRequest, errorStatus: number, errorIndex: number, varbinds: readonly Buffer[]): Buffer {
    const wrong = this.#options.quirks.has('wrongid') && this.#options.random() < 0.1;
    const requestId = wrong ? (request.requestId + 1) & 0x7fffffff : request.requestId;
    return replyMessage(request, { requestId, errorStatus, errorIndex, varbinds });
  }
}

function exception(oid: Arcs, tag: number): Buffer {
  return element(0x30, Buffer.concat([element(0x06, oidContent(oid)), Buffer.of(tag, 0)]));
}

function octets(parts: readonly Buffer[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}
