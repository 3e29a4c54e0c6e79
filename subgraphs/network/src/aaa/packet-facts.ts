import type { AccessRequestView } from '@dotmac/radius';
import { normaliseMac } from '../session/rules.ts';
import type { Attempts } from './backoff.ts';
import type { LoginFacts } from './login-facts.ts';

/** Agent-Circuit-Id of the Broadband Forum (RFC 4679 §3.3.1). */
const broadbandForum = 3561;
const agentCircuitId = 1;

/** What is known of a login without its line. */
export type KnownFacts = Omit<LoginFacts, 'mac' | 'portId' | 'circuitId' | 'password' | 'attempts'>;

/** The facts of a login with those of its packet, which are read when a check asks: most ask for the password only. */
export class PacketFacts implements LoginFacts {
  readonly now: LoginFacts['now'];
  readonly username: string;
  readonly nas: LoginFacts['nas'];
  readonly access: LoginFacts['access'];
  readonly standing: LoginFacts['standing'];
  readonly garden: LoginFacts['garden'];
  readonly live: LoginFacts['live'];
  readonly password: LoginFacts['password'];
  readonly #request: AccessRequestView;
  readonly #attemptsOf: ((mac: string | null) => Attempts | null) | null;
  #mac: string | null | undefined;

  /** @param attemptsOf null when nobody has given a wrong password. */
  constructor(
    known: KnownFacts,
    request: AccessRequestView,
    password: LoginFacts['password'],
    attemptsOf: ((mac: string | null) => Attempts | null) | null,
  ) {
    this.now = known.now;
    this.username = known.username;
    this.nas = known.nas;
    this.access = known.access;
    this.standing = known.standing;
    this.garden = known.garden;
    this.live = known.live;
    this.password = password;
    this.#request = request;
    this.#attemptsOf = attemptsOf;
  }

  get mac(): string | null {
    this.#mac ??= normaliseMac(this.#request.callingStationId);
    return this.#mac;
  }

  get attempts(): Attempts | null {
    return this.#attemptsOf === null ? null : this.#attemptsOf(this.mac);
  }

  get portId(): LoginFacts['portId'] {
    return () => this.#request.nasPortId;
  }

  get circuitId(): LoginFacts['circuitId'] {
    return () => this.#request.vendorText(broadbandForum, agentCircuitId);
  }
}
