import { appendEvents } from '@dotmac/platform';
import type { AccessRequestView } from '@dotmac/radius';
import type { NetworkEvents, TenantEvents } from '@dotmac/schema';
import type { NetworkServices } from '../builder.ts';
import { normaliseMac } from '../session/rules.ts';
import { Setback } from '../setback.ts';
import type { RejectReason } from './login-facts.ts';

type Rejection = Omit<NetworkEvents['login.rejected'], 'count'>;

const quietMilliseconds = 60_000;
const mostUsers = 10_000;
const flushMilliseconds = 500;

/**
 * Refused logins on their way to the event log. The first of a user and reason is told at once, further ones once a
 * minute with their count: a CPE with a wrong password tries every few seconds, forever.
 */
export class Rejections {
  readonly #services: NetworkServices;
  readonly #told = new Map<string, { at: number; since: number }>();
  #waiting: { readonly rejection: Rejection; readonly count: number; readonly at: number }[] = [];

  constructor(services: NetworkServices) {
    this.#services = services;
  }

  /** Synchronous and bounded: this is called on the packet path. */
  add(request: AccessRequestView, serviceId: string | null, reason: RejectReason): void {
    const at = this.#services.clock.now();
    const username = request.userName ?? '';
    const key = `${reason} ${username}`;
    const told = this.#told.get(key);
    if (told !== undefined && at - told.at < quietMilliseconds) {
      told.since++;
      return;
    }
    if (this.#told.size >= mostUsers) this.#told.clear();
    this.#told.set(key, { at, since: 0 });
    if (this.#waiting.length >= mostUsers) return;
    const mac = normaliseMac(request.callingStationId);
    const rejection = { username, serviceId, reason, nasAddress: request.sourceAddress, mac };
    this.#waiting.push({ rejection, count: (told?.since ?? 0) + 1, at });
  }

  /** Writes what is waiting, now and then, until the signal aborts. What cannot be written is kept for the next time. */
  run(signal: AbortSignal): void {
    const setback = new Setback(
      this.#services.logger,
      'refused logins are recorded later',
      'refused logins are recorded again',
    );
    let writing = false;
    const timer = setInterval(() => {
      if (writing || this.#waiting.length === 0) return;
      writing = true;
      this.#flush()
        .then(() => setback.succeeded())
        .catch((error: unknown) => {
          if (!signal.aborted) setback.failed(error);
        })
        .finally(() => {
          writing = false;
        });
    }, flushMilliseconds);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting.slice(0, 500);
    await this.#services.database.transaction().execute((transaction) =>
      appendEvents<TenantEvents>(
        transaction,
        batch.map(({ rejection, count, at }) => ({
          type: 'login.rejected',
          subject: rejection.serviceId ?? rejection.username,
          payload: { ...rejection, count },
          occurredAt: at,
          actor: 'system:radius',
        })),
      ),
    );
    this.#waiting = this.#waiting.slice(batch.length);
  }
}
