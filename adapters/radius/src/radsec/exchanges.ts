import { type Clock, DeviceError } from '@dotmac/device';
import { decodePacket } from '../attribute/decode.ts';
import { type Attribute, encodeAttributes } from '../attribute/encode.ts';
import { AttributeError } from '../attribute/value.ts';
import type { RadiusExchange, RadiusRequest } from '../client/client.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { buildRequest, randomAuthenticator, verifyReply } from '../packet/build.ts';
import { radSecSecret } from './framing.ts';

/** A request over TLS, where nothing is sent twice. */
export interface RadSecRequest {
  readonly code: number;
  readonly replyCodes: readonly number[];
  readonly attributes: readonly Attribute[] | ((authenticator: Uint8Array) => readonly Attribute[]);
  readonly messageAuthenticator: boolean;
  /** Hears every transmission and the genuine answer. */
  readonly onPacket?: NonNullable<RadiusRequest['onPacket']>;
}

interface Outstanding {
  readonly request: Buffer;
  readonly replyCodes: readonly number[];
  readonly answered: (reply: Buffer | null) => void;
  readonly failed: (error: DeviceError) => void;
}

/** What we have asked over one stream, and what waits for an answer there, whoever opened it. */
export class RadSecExchanges {
  readonly #peer: string;
  readonly #clock: Clock;
  readonly #dictionary: Dictionary;
  readonly #outstanding = new Map<number, Outstanding>();
  #nextId = 0;

  /** @param peer how errors name it. */
  constructor(peer: string, clock: Clock, dictionary: Dictionary) {
    this.#peer = peer;
    this.#clock = clock;
    this.#dictionary = dictionary;
  }

  /**
   * Sends a request and waits for its genuine answer; `reply` is null when none came in time. Throws `DeviceError`: what
   * `fail` is given, `DEVICE_BUSY` with 256 unanswered, `INVALID_ARGUMENT` for what cannot be encoded, `CANCELLED`.
   */
  async ask(
    { attributes, onPacket, ...request }: RadSecRequest,
    write: (packet: Buffer) => void,
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<RadiusExchange> {
    const startedAt = this.#clock.now();
    const identifier = this.#takeIdentifier();
    const authenticator = randomAuthenticator();
    const list = typeof attributes === 'function' ? attributes(authenticator) : attributes;
    const encoded = encodedFor(this.#dictionary, list, authenticator);
    const packet = buildRequest({
      ...request,
      identifier,
      secret: radSecSecret,
      authenticator,
      attributes: encoded,
    });
    const answer = Promise.withResolvers<Buffer | null>();
    const { resolve: answered, reject: failed } = answer;
    this.#outstanding.set(identifier, { request: packet, replyCodes: request.replyCodes, answered, failed });
    const limit = setTimeout(() => answered(null), timeoutMs);
    const cancel = () =>
      failed(new DeviceError('CANCELLED', 'The request was cancelled', { maybeApplied: true }));
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      if (signal?.aborted === true) cancel();
      else {
        onPacket?.('SENT', packet);
        write(packet);
      }
      const reply = await answer.promise;
      if (reply !== null) onPacket?.('RECEIVED', reply);
      const encryption = { authenticator: packet.subarray(4, 20), secret: radSecSecret };
      const decoded = reply === null ? null : decodePacket(reply, this.#dictionary, encryption);
      return {
        reply: typeof decoded === 'string' ? null : decoded,
        transmissions: 1,
        elapsedMs: this.#clock.now() - startedAt,
      };
    } finally {
      clearTimeout(limit);
      signal?.removeEventListener('abort', cancel);
      this.#outstanding.delete(identifier);
    }
  }

  /** Takes a packet as the answer it is. @returns false for one that answers nothing that was asked. */
  take(packet: Buffer): boolean {
    const waiting = this.#outstanding.get(packet[1] as number);
    if (waiting === undefined || !waiting.replyCodes.includes(packet[0] as number)) return false;
    if (verifyReply(packet, waiting.request, radSecSecret) !== null) return false;
    waiting.answered(packet);
    return true;
  }

  /** The stream is gone: what waits on it fails now. */
  fail(error: DeviceError): void {
    for (const waiting of this.#outstanding.values()) waiting.failed(error);
  }

  #takeIdentifier(): number {
    for (let tries = 0; tries < 256; tries++) {
      const identifier = this.#nextId;
      this.#nextId = (identifier + 1) & 255;
      if (!this.#outstanding.has(identifier)) return identifier;
    }
    throw new DeviceError('DEVICE_BUSY', `256 requests to ${this.#peer} are unanswered`);
  }
}

function encodedFor(
  dictionary: Dictionary,
  list: readonly Attribute[],
  authenticator: Uint8Array,
): Uint8Array {
  try {
    return encodeAttributes(dictionary, list, { authenticator, secret: radSecSecret });
  } catch (error) {
    if (error instanceof AttributeError)
      throw new DeviceError('INVALID_ARGUMENT', error.message, { field: error.attribute, cause: error });
    throw error;
  }
}
