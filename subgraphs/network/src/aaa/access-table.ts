import { NameIndex } from './name-index.ts';
import type { PolicyAccess } from './policy-access.ts';

/** Who may log in: by login name, by service, and those that have terms. */
export class AccessTable {
  readonly #byUsername = new NameIndex<PolicyAccess>();
  readonly #byService = new Map<string, PolicyAccess>();
  readonly #withTerms = new Map<string, PolicyAccess>();

  /** By the octets of a packet. */
  find(octets: Uint8Array, start: number, end: number): PolicyAccess | null {
    return this.#byUsername.find(octets, start, end);
  }

  named(username: string): PolicyAccess | null {
    return this.#byUsername.get(username);
  }

  ofService(serviceId: string): PolicyAccess | null {
    return this.#byService.get(serviceId) ?? null;
  }

  /** Those that have terms. */
  withTerms(): Iterable<PolicyAccess> {
    return this.#withTerms.values();
  }

  add(access: PolicyAccess): void {
    this.#byService.set(access.serviceId, access);
    this.#byUsername.set(access);
    if (access.terms !== null) this.#withTerms.set(access.serviceId, access);
  }

  forget(serviceId: string): void {
    const known = this.#byService.get(serviceId);
    if (known === undefined) return;
    this.#byService.delete(serviceId);
    this.#withTerms.delete(serviceId);
    this.#byUsername.delete(known.username);
  }
}
