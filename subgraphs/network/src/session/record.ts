import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type Clock, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { moveAccesses, servicesByUsername } from '../access/store.ts';
import { sessionEvent } from './events.ts';
import {
  applyNews,
  replacedCause,
  restartCause,
  type SessionNews,
  type SessionState,
  staleCause,
} from './rules.ts';
import { closeReplaced, closeSessionsOfNas, keyText, lockedSessions, upsertSessions } from './store.ts';

/** A NAS that said it starts or stops: its sessions from before are gone. */
export interface NasRestart {
  readonly nasId: string;
  readonly at: number;
}

/**
 * Takes a batch of accounting into the sessions and tells the event log: a handful of statements however many records.
 * @returns every session that changed, as it is now.
 */
export async function recordSessions(
  transaction: Transaction<TenantDatabase>,
  clock: Clock,
  batch: { readonly news: readonly SessionNews[]; readonly restarts: readonly NasRestart[] },
): Promise<SessionState[]> {
  const ended: SessionState[] = [];
  for (const { nasId, at } of batch.restarts) {
    ended.push(...(await closeSessionsOfNas(transaction, nasId, new Date(at), restartCause)));
  }
  const outcomes = await foldNews(transaction, clock, batch.news);
  ended.push(...outcomes.closed);
  await upsertSessions(transaction, [...outcomes.closed, ...outcomes.sessions.map((one) => one.session)]);
  const started = outcomes.sessions.filter((one) => one.effect === 'STARTED').map((one) => one.session);
  ended.push(...(await closeReplaced(transaction, started, { sameLine: replacedCause, silent: staleCause })));
  await moveAccesses(
    transaction,
    started.flatMap(({ serviceId, deviceId }) =>
      serviceId === null || deviceId === null ? [] : [{ serviceId, deviceId }],
    ),
  );
  await appendEvents<TenantEvents>(transaction, [
    ...ended.map((session) => sessionEvent('STOPPED', session)),
    ...outcomes.sessions.flatMap(({ session, effect }) =>
      effect === 'NONE' ? [] : [sessionEvent(effect, session)],
    ),
  ]);
  return [...ended, ...outcomes.sessions.map((one) => one.session)];
}

interface Folded {
  readonly session: SessionState;
  readonly effect: 'STARTED' | 'UPDATED' | 'STOPPED' | 'NONE';
}

/** Applies the news in order in memory; one result per session, its effect the most telling one. */
async function foldNews(
  transaction: Transaction<TenantDatabase>,
  clock: Clock,
  news: readonly SessionNews[],
): Promise<{ closed: SessionState[]; sessions: Folded[] }> {
  if (news.length === 0) return { closed: [], sessions: [] };
  const keys = new Map(news.map((one) => [keyText(one), one]));
  const current = new Map(
    (await lockedSessions(transaction, [...keys.values()])).map((one) => [keyText(one), one]),
  );
  const services = await servicesByUsername(transaction, [
    ...new Set(news.flatMap((one) => (one.serviceId === null ? [one.username] : []))),
  ]);
  const closed: SessionState[] = [];
  const folded = new Map<string, Folded>();
  for (const one of news) {
    const key = keyText(one);
    const known = { ...one, serviceId: one.serviceId ?? services.get(one.username) ?? null };
    const outcome = applyNews(current.get(key) ?? null, known, newId('ses', clock));
    if (outcome.closed !== null) {
      folded.delete(outcome.closed.id);
      closed.push(outcome.closed);
    }
    current.set(key, outcome.session);
    const before = folded.get(outcome.session.id);
    const effect = moreTelling(before?.effect ?? 'NONE', outcome.effect);
    folded.set(outcome.session.id, { session: outcome.session, effect });
  }
  return { closed, sessions: [...folded.values()] };
}

function moreTelling(a: Folded['effect'], b: Folded['effect']): Folded['effect'] {
  const order = ['NONE', 'UPDATED', 'STARTED', 'STOPPED'] as const;
  return order.indexOf(a) > order.indexOf(b) ? a : b;
}
