import { pause } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import { passwordPurpose } from '../access/store.ts';
import type { NetworkServices } from '../builder.ts';
import type { VoucherMemory } from '../voucher/memory.ts';
import { voucherOf } from '../voucher/rules.ts';
import { type Foretold, patienceMilliseconds, type Told, toldBy } from './foretold.ts';
import type { NasMemory } from './nas-memory.ts';
import { openSecret } from './open-secret.ts';

/** Of the trigger on `network.access`; its payload is the service. */
const changedChannel = 'dotmac_access';
/** Of the triggers on `events.event`, and on `network.access` for a password. */
const foretoldChannel = 'dotmac_access_foretold';
const mostTogether = 1_000;
const retryMilliseconds = 500;
/** What the memory depends on. */
const relevant = [
  'access.ready',
  'access.updated',
  'access.mac.learnt',
  'access.change.progressed',
  'nas.updated',
  'nas.secret.rotated',
  'nas.secret.rotation.ended',
  'garden.rule.updated',
  'realm.updated',
  'radius.dictionary.added',
  'radius.dictionary.removed',
  'voucher.issued',
  'voucher.redeemed',
  'voucher.revoked',
  'voucher.used',
] as const satisfies readonly (keyof TenantEvents)[];

/** What the follower reads anew. */
interface Followed {
  readonly vouchers: VoucherMemory;
  readonly foretold: Foretold;
  readonly nases: NasMemory;
  tell(serviceId: string, told: Told): void;
  load(): Promise<void>;
  reloadGarden(): Promise<void>;
  reloadRealms(): Promise<void>;
  reloadDictionaries(): Promise<void>;
  refresh(serviceIds: readonly string[]): Promise<void>;
}

/** Keeps the login memory as the database is: by the event log, and sooner by a trigger's notices. */
export class Follower {
  readonly #services: NetworkServices;
  readonly #memory: Followed;
  /** Services that were told of and that are not read anew yet. */
  readonly #outdated = new Set<string>();
  #catchingUp = false;
  #looking = false;
  /** Ends the round of following under way when what it learnt cannot be read. */
  #round = new AbortController();

  constructor(services: NetworkServices, memory: Followed) {
    this.#services = services;
    this.#memory = memory;
  }

  /** Has everything loaded and follows until the signal aborts. Resolves when all is there. */
  async start(signal: AbortSignal): Promise<void> {
    const { events } = this.#services;
    const cursor = await events.headCursor();
    // First: what is told while it is loaded holds too.
    await events.hear(foretoldChannel, (notice) => {
      const { serviceId, told } = toldBy(notice, (id, sealed) =>
        openSecret(this.#services, sealed, passwordPurpose(id)),
      );
      this.#memory.tell(serviceId, told);
      this.#lookAgain(signal);
    });
    await this.#memory.load();
    // Sooner than the event that follows, which is there for what is missed here.
    await events.hear(changedChannel, (serviceId) => this.#outdate(serviceId));
    void this.#follow(cursor, signal);
  }

  /** Follows the log; whatever breaks it, everything is loaded anew and it goes on. */
  async #follow(start: string, signal: AbortSignal): Promise<void> {
    const { events, logger } = this.#services;
    let cursor: string | null = start;
    while (!signal.aborted) {
      const round = new AbortController();
      this.#round = round;
      try {
        if (cursor === null) {
          cursor = await events.headCursor();
          await this.#memory.load();
        }
        await this.#read(cursor, AbortSignal.any([signal, round.signal]));
        round.signal.throwIfAborted();
        return;
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ error }, 'the login policy cannot follow the database; it answers with what it knows');
        cursor = null;
        await pause(retryMilliseconds, signal);
      }
    }
  }

  async #read(after: string, signal: AbortSignal): Promise<void> {
    const memory = this.#memory;
    const { vouchers } = memory;
    for await (const event of await this.#services.events.subscribe({ after, types: relevant, signal })) {
      if (event.type.startsWith('nas.')) await memory.nases.load();
      else if (event.type === 'garden.rule.updated') await memory.reloadGarden();
      else if (event.type === 'realm.updated') await memory.reloadRealms();
      else if (event.type.startsWith('radius.dictionary.')) await memory.reloadDictionaries();
      else if (event.type === 'voucher.issued') vouchers.add(voucherOf(event.payload));
      else if (event.type === 'voucher.redeemed' || event.type === 'voucher.revoked')
        vouchers.drop(event.payload.voucherId);
      else {
        if (event.type === 'voucher.used') vouchers.used(event.subject);
        this.#outdate(event.subject);
      }
    }
  }

  /** Rows that do not follow what was told are looked at again, until they do or are believed. */
  #lookAgain(signal: AbortSignal): void {
    if (this.#looking || signal.aborted) return;
    this.#looking = true;
    pause(patienceMilliseconds + retryMilliseconds, signal).then(() => {
      this.#looking = false;
      const waiting = this.#memory.foretold.waiting();
      for (const serviceId of waiting) this.#outdate(serviceId);
      if (waiting.length > 0) this.#lookAgain(signal);
    });
  }

  /** Services told of while others are being read are read together: a mass change costs few queries. */
  #outdate(serviceId: string): void {
    this.#outdated.add(serviceId);
    if (this.#catchingUp) return;
    this.#catchingUp = true;
    this.#catchUp()
      .catch((error: unknown) => this.#round.abort(error))
      .finally(() => {
        this.#catchingUp = false;
      });
  }

  async #catchUp(): Promise<void> {
    while (this.#outdated.size > 0) {
      const ids = [...this.#outdated].slice(0, mostTogether);
      // Before the reading: what changes during it is read once more.
      for (const id of ids) this.#outdated.delete(id);
      await this.#memory.refresh(ids);
    }
  }
}
