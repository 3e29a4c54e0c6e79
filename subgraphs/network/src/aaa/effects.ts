import { appendEvents } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { NetworkServices } from '../builder.ts';
import { macToLearn } from '../login-limit/rules.ts';
import { learnMac } from '../login-limit/store.ts';
import { disconnectQueue } from '../session/disconnect-job.ts';
import { Setback } from '../setback.ts';
import type { LoginFacts } from './login-facts.ts';
import { sessionsToEnd } from './simultaneous-use.ts';

const flushMilliseconds = 100;
const mostWaiting = 10_000;

/**
 * What accepted logins leave to do, off the packet path: MAC addresses to keep, sessions to end. Bounded, and kept
 * while the database is away: until it has a lesson, `lessons` lets the next login know it.
 */
export class LoginEffects {
  readonly #services: NetworkServices;
  readonly #refresh: (serviceIds: readonly string[]) => Promise<void>;
  readonly #lessons = new Map<string, Set<string>>();
  #ends: { readonly sessionId: string; readonly because: string }[] = [];

  constructor(services: NetworkServices, refresh: (serviceIds: readonly string[]) => Promise<void>) {
    this.#services = services;
    this.#refresh = refresh;
  }

  /** The MAC addresses of a service that are learnt and not kept yet. */
  lessons(serviceId: string): ReadonlySet<string> | null {
    return this.#lessons.size === 0 ? null : (this.#lessons.get(serviceId) ?? null);
  }

  /** What an accepted login of a service with limits leaves behind. On the packet path. */
  accepted(serviceId: string, facts: LoginFacts): void {
    const mac = macToLearn(facts.access?.limits ?? null, facts.mac);
    if (mac !== null) this.#learn(serviceId, mac);
    for (const sessionId of sessionsToEnd(facts)) this.end(sessionId, 'another line has logged in');
  }

  #learn(serviceId: string, mac: string): void {
    const known = this.#lessons.get(serviceId);
    if (known !== undefined) known.add(mac);
    else this.#lessons.set(serviceId, new Set([mac]));
  }

  /** Synchronous: called on the packet path. */
  end(sessionId: string, because: string): void {
    if (this.#ends.length < mostWaiting) this.#ends.push({ sessionId, because });
  }

  /** Works off what is waiting, now and then, until the signal aborts; what fails is tried again. */
  run(signal: AbortSignal): void {
    const setback = new Setback(
      this.#services.logger,
      'what logins left to do waits',
      'what logins left to do is done again',
    );
    let working = false;
    const timer = setInterval(() => {
      if (working || (this.#ends.length === 0 && this.#lessons.size === 0)) return;
      working = true;
      this.#flush()
        .then(() => setback.succeeded())
        .catch((error: unknown) => {
          if (!signal.aborted) setback.failed(error);
        })
        .finally(() => {
          working = false;
        });
    }, flushMilliseconds);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  async #flush(): Promise<void> {
    const { database, jobs } = this.#services;
    const ends = this.#ends.slice(0, 100);
    for (const order of ends) await jobs.enqueue(database as never, disconnectQueue, order);
    this.#ends = this.#ends.slice(ends.length);
    for (const [serviceId, macs] of [...this.#lessons].slice(0, 100)) await this.#keep(serviceId, [...macs]);
  }

  async #keep(serviceId: string, macs: readonly string[]): Promise<void> {
    const { database, clock } = this.#services;
    await database.transaction().execute(async (transaction) => {
      for (const mac of macs)
        if (await learnMac(transaction, serviceId, mac))
          await appendEvents<TenantEvents>(transaction, [
            {
              type: 'access.mac.learnt',
              subject: serviceId,
              payload: { serviceId, mac },
              occurredAt: clock.now(),
              actor: 'system:radius',
            },
          ]);
    });
    // Before the lesson is dropped, so that no login in between finds room that is taken.
    await this.#refresh([serviceId]);
    const left = this.#lessons.get(serviceId);
    for (const mac of macs) left?.delete(mac);
    if (left?.size === 0) this.#lessons.delete(serviceId);
  }
}
