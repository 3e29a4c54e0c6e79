import { cpe } from './cpe.ts';
import type { Rung, ServiceFacts } from './facts.ts';
import { aaa, accessNode, backhaul, incident, lock, session } from './rungs.ts';

/** The facts in the order in which they are looked at; an opinion is left to the reader. */
export function ladderOf(facts: ServiceFacts): Rung[] {
  return [
    lock(facts),
    aaa(facts),
    session(facts),
    cpe(facts),
    accessNode(facts),
    backhaul(facts),
    incident(facts),
  ];
}

/** The first one that keeps the service from working. */
export function firstFailing(rungs: readonly Rung[]): Rung | null {
  return rungs.find((rung) => rung.passes === false) ?? null;
}
