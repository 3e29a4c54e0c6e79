import type { DecodedAttribute } from '../attribute/decode.ts';
import type { Attribute } from '../attribute/encode.ts';
import { RadiusClient, type RadiusClientOptions, type RadiusRequest } from '../client/client.ts';
import { packetCodes } from '../packet/codes.ts';
import type { SharedSecret } from '../packet/shared-secret.ts';
import { type ErrorCause, errorCause } from './error-cause.ts';
import { Pacing } from './pacing.ts';

export interface DynamicAuthorizationRequest {
  /** IP address of the NAS; an answer from any other is ignored. */
  readonly host: string;
  readonly port: number;
  readonly secret: SharedSecret;
  readonly kind: 'CoA' | 'Disconnect';
  /** Session keys and new values. Event-Timestamp is added (RFC 5176 §3.3). */
  readonly attributes: readonly Attribute[];
  /** Off only for a NAS that cannot bear it (RFC 5176 §3.4 makes it optional). Default on. */
  readonly messageAuthenticator?: boolean;
  readonly signal?: AbortSignal;
  readonly onPacket?: RadiusRequest['onPacket'];
}

/** How a request ended. `TIMEOUT` leaves open whether the NAS acted. */
export interface DynamicAuthorizationResult {
  readonly outcome: 'ACK' | 'NAK' | 'TIMEOUT';
  readonly errorCause: ErrorCause | null;
  /** Times the packet was sent. */
  readonly transmissions: number;
  readonly elapsedMs: number;
  readonly attributes: readonly DecodedAttribute[];
}

export interface CoaClientOptions extends RadiusClientOptions {
  /** Waits before each retransmission, the last before giving up. Default 2, 4, 8 and 16 s: 30 s in all. */
  readonly waitsMs?: readonly number[];
  /** Requests per second and NAS after a burst of as many; default 50. */
  readonly perSecond?: number;
}

/** Sends CoA- and Disconnect-Requests (RFC 5176) and waits for their answers. */
export class CoaClient {
  readonly #client: RadiusClient;
  readonly #waitsMs: readonly number[];
  readonly #pacing: Pacing;

  constructor(options: CoaClientOptions = {}) {
    this.#client = new RadiusClient(options);
    const perSecond = options.perSecond ?? 50;
    this.#pacing = new Pacing(this.#client.clock, perSecond, perSecond);
    this.#waitsMs = options.waitsMs ?? [2000, 4000, 8000, 16000];
  }

  /** Sends one request. Throws `DeviceError` as `RadiusClient.exchange` does. */
  async send(request: DynamicAuthorizationRequest): Promise<DynamicAuthorizationResult> {
    const { host, port, secret, kind, signal, onPacket } = request;
    await this.#pacing.turn(host, signal);
    const acknowledgement = packetCodes[`${kind}-ACK`];
    const now = Math.floor(this.#client.clock.now() / 1000);
    const { reply, transmissions, elapsedMs } = await this.#client.exchange({
      host,
      port,
      secret,
      code: packetCodes[`${kind}-Request`],
      replyCodes: [acknowledgement, packetCodes[`${kind}-NAK`]],
      attributes: [...request.attributes, { name: 'Event-Timestamp', value: now }],
      messageAuthenticator: request.messageAuthenticator ?? true,
      waitsMs: this.#waitsMs,
      ...(signal === undefined ? {} : { signal }),
      ...(onPacket === undefined ? {} : { onPacket }),
    });
    if (reply === null)
      return { outcome: 'TIMEOUT', errorCause: null, transmissions, elapsedMs, attributes: [] };
    const cause = reply.attributes.find((attribute) => attribute.name === 'Error-Cause')?.value;
    return {
      outcome: reply.code === acknowledgement ? 'ACK' : 'NAK',
      errorCause: typeof cause === 'number' ? errorCause(cause) : null,
      transmissions,
      elapsedMs,
      attributes: reply.attributes,
    };
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}
