import { DeviceError } from '@dotmac/device';
import type { DecodedAttribute } from '../attribute/decode.ts';
import type { Attribute } from '../attribute/encode.ts';
import {
  RadiusClient,
  type RadiusClientOptions,
  type RadiusExchange,
  type RadiusRequest,
} from '../client/client.ts';
import { packetCodes } from '../packet/codes.ts';
import type { SharedSecret } from '../packet/shared-secret.ts';
import type { RadSecConnection } from '../radsec/connection.ts';
import type { RadSecRequest } from '../radsec/exchanges.ts';
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
  /**
   * The connection that the NAS keeps, instead of `host` and `port`, which name it still: for the pacing. Null: it has none
   * now.
   */
  readonly connection?: Pick<RadSecConnection, 'ask'> | null;
  readonly signal?: AbortSignal;
  /** As `RadiusRequest` has it; a connection has its own. */
  readonly dictionary?: RadiusRequest['dictionary'];
  readonly onPacket?: RadiusRequest['onPacket'];
}

/**
 * How a request ended. `TIMEOUT` and `CONNECTION_LOST` leave open whether the NAS acted; with `NOT_CONNECTED` nothing was
 * sent, for a NAS that is reached over its own connection keeps none.
 */
export interface DynamicAuthorizationResult {
  readonly outcome: 'ACK' | 'NAK' | 'TIMEOUT' | 'NOT_CONNECTED' | 'CONNECTION_LOST';
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
    const { host, port, secret, kind, signal, dictionary, onPacket } = request;
    await this.#pacing.turn(host, signal);
    const acknowledgement = packetCodes[`${kind}-ACK`];
    const startedAt = this.#client.clock.now();
    const asked = {
      code: packetCodes[`${kind}-Request`],
      replyCodes: [acknowledgement, packetCodes[`${kind}-NAK`]],
      attributes: [...request.attributes, { name: 'Event-Timestamp', value: Math.floor(startedAt / 1000) }],
      messageAuthenticator: request.messageAuthenticator ?? true,
      ...(onPacket === undefined ? {} : { onPacket }),
    };
    if (request.connection === null) return unanswered('NOT_CONNECTED', 0, 0);
    const exchange =
      request.connection === undefined
        ? await this.#client.exchange({
            ...asked,
            host,
            port,
            secret,
            waitsMs: this.#waitsMs,
            ...(dictionary === undefined ? {} : { dictionary }),
            ...(signal === undefined ? {} : { signal }),
          })
        : await this.#askOver(request.connection, asked, signal);
    if (exchange === null) return unanswered('CONNECTION_LOST', 1, this.#client.clock.now() - startedAt);
    const { reply, transmissions, elapsedMs } = exchange;
    if (reply === null) return unanswered('TIMEOUT', transmissions, elapsedMs);
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

  /** Null when the connection ended before the answer. */
  async #askOver(
    connection: Pick<RadSecConnection, 'ask'>,
    request: RadSecRequest,
    signal: AbortSignal | undefined,
  ): Promise<RadiusExchange | null> {
    // TCP sends again what is lost: one transmission, and as long to answer it as all of them have over UDP.
    const timeoutMs = this.#waitsMs.reduce((sum, wait) => sum + wait, 0);
    return connection.ask(request, { timeoutMs, signal }).catch((error: unknown) => {
      if (error instanceof DeviceError && error.code === 'UNREACHABLE') return null;
      throw error;
    });
  }
}

function unanswered(
  outcome: 'TIMEOUT' | 'NOT_CONNECTED' | 'CONNECTION_LOST',
  transmissions: number,
  elapsedMs: number,
): DynamicAuthorizationResult {
  return { outcome, errorCause: null, transmissions, elapsedMs, attributes: [] };
}
