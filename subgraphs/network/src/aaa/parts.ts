import type { Clock } from '@dotmac/platform';
import { Leases } from '../address/leases.ts';
import type { NetworkServices } from '../builder.ts';
import { TermKeeper } from '../login-term/keeper.ts';
import type { NasWatch } from '../nas/watch.ts';
import { PacketTraces } from '../packet-trace/traces.ts';
import { Dictionaries } from '../radius-dictionary/dictionaries.ts';
import { Realms } from '../realm/realms.ts';
import { Accepting } from './accept.ts';
import { LoginEffects } from './effects.ts';
import { FactSource } from './fact-source.ts';
import { lentAttributes } from './lending.ts';
import { LoginMemory } from './memory.ts';
import { NasMemory } from './nas-memory.ts';
import type { RadiusPort } from './port.ts';
import { Rejections } from './rejections.ts';
import { serviceOfToken } from './rules.ts';
import { Unrecorded } from './unrecorded.ts';
import { VoucherLogins } from './voucher-login.ts';

/** What the policy works with. */
export interface LoginParts {
  readonly memory: LoginMemory;
  readonly terms: TermKeeper;
  readonly realms: Realms;
  readonly dictionaries: Dictionaries;
  readonly traces: PacketTraces;
  readonly vouchers: VoucherLogins;
  readonly facts: FactSource;
  readonly leases: Leases;
  readonly accepting: Accepting;
  readonly effects: LoginEffects;
  readonly rejections: Rejections;
  readonly unrecorded: Unrecorded;
}

/** @param leaseFolder where leases that are not in the database yet outlive the process; null: nowhere. */
export function loginParts(
  services: NetworkServices,
  radius: RadiusPort,
  sessionClock: Clock,
  leaseFolder: string | null,
  watch: NasWatch,
): LoginParts {
  const dictionaries = new Dictionaries(services, radius);
  const realms = new Realms(services, radius, dictionaries.live);
  const memory: LoginMemory = new LoginMemory(
    services,
    new NasMemory({ services, sharedSecret: radius.sharedSecret, now: () => sessionClock.now(), watch }),
    (sessions) => {
      leases.sessionsChanged(sessions, ({ serviceId, mac }) =>
        memory.live(serviceId).some((live) => live.mac === mac),
      );
      for (const { serviceId } of sessions) if (serviceId !== null) terms.note(serviceId);
    },
    realms,
    dictionaries,
  );
  const terms = new TermKeeper(services, sessionClock, memory);
  const effects = new LoginEffects(services, (ids) => memory.refresh(ids));
  const leases = new Leases(services, sessionClock, {
    folder: leaseFolder,
    encode: ({ kind, prefix }) => radius.acceptBlock(lentAttributes(kind, prefix)),
    onConflict: ({ id, username, address }) => {
      services.logger.warn(
        { sessionId: id, username, address },
        'two lines use one address; this one is ended',
      );
      effects.end(id, `${address} is lent to another line`);
    },
  });
  const traces = new PacketTraces(sessionClock, radius, dictionaries.live, (username, classes) => {
    const named = () =>
      username === null ? null : (memory.serviceOf(username) ?? memory.vouchers.find(username)?.id);
    return serviceOfToken(classes) ?? named() ?? null;
  });
  return {
    memory,
    terms,
    realms,
    dictionaries,
    traces,
    vouchers: new VoucherLogins(services, radius, memory),
    facts: new FactSource(memory, effects, terms, sessionClock),
    leases,
    accepting: new Accepting(services, radius, memory, leases),
    effects,
    rejections: new Rejections(services),
    unrecorded: new Unrecorded(memory, leases),
  };
}
