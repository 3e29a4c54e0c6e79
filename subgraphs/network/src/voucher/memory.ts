import type { TenantDatabase } from '@dotmac/migrations';
import type { Kysely } from 'kysely';
import { codeHash, type Voucher } from './rules.ts';
import { vouchersAfter } from './store.ts';

const pageSize = 5_000;

/** Vouchers by the hashes of their codes, as the login policy asks for them. */
export class VoucherMemory {
  readonly #database: Kysely<TenantDatabase>;
  #byHash = new Map<string, Voucher>();
  #byId = new Map<string, Voucher>();

  constructor(database: Kysely<TenantDatabase>) {
    this.#database = database;
  }

  get empty(): boolean {
    return this.#byHash.size === 0;
  }

  /** The voucher of a code as typed; null for anything else. */
  find(typed: string): Voucher | null {
    const hash = this.#byHash.size === 0 ? null : codeHash(typed);
    return hash === null ? null : (this.#byHash.get(hash) ?? null);
  }

  /** Reads all of them anew. */
  async load(): Promise<void> {
    const byHash = new Map<string, Voucher>();
    const byId = new Map<string, Voucher>();
    for (let after = ''; ; ) {
      const page = await vouchersAfter(this.#database, after, pageSize);
      for (const voucher of page) {
        byHash.set(voucher.hash, voucher);
        byId.set(voucher.id, voucher);
      }
      if (page.length < pageSize) break;
      after = page.at(-1)?.id ?? '';
    }
    this.#byHash = byHash;
    this.#byId = byId;
  }

  /** What an event tells. */
  add(voucher: Voucher | null): void {
    if (voucher === null || this.#byId.has(voucher.id)) return;
    this.#byHash.set(voucher.hash, voucher);
    this.#byId.set(voucher.id, voucher);
  }

  /** Somebody has logged in with it. */
  used(voucherId: string): void {
    const voucher = this.#byId.get(voucherId);
    if (voucher !== undefined) voucher.used = true;
  }

  /** It is void; a used one stays known, so that its bearer hears why. */
  drop(voucherId: string): void {
    const voucher = this.#byId.get(voucherId);
    if (voucher === undefined || voucher.used) return;
    this.#byId.delete(voucherId);
    this.#byHash.delete(voucher.hash);
  }
}
