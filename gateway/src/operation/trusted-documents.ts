import { createHash } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import type { Caller } from '../identity/caller.ts';
import type { Registry } from '../registry/registry.ts';
import type { RegistrySnapshot } from '../registry/snapshot.ts';
import type { OperationParams, RequestParams } from './params.ts';

/** Texts kept, in UTF-16 units, and ids known not to exist, in number. */
const rememberedText = 16 * 1024 * 1024;
const rememberedMisses = 10_000;

/** The documents that tenants and partners registered: by their id, fetched on first use, kept until any changes. */
export class TrustedDocuments {
  readonly #registry: Registry;
  readonly #texts = new Map<string, string | null>();
  #size = 0;
  #misses = 0;
  #under: RegistrySnapshot | undefined;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /**
   * The request with its document's text. Only who names a document by id, or may run registered ones only, waits.
   * @throws GatewayError `PERSISTED_DOCUMENT_NOT_FOUND`, `DOCUMENT_NOT_TRUSTED`, `SUBGRAPH_UNAVAILABLE`
   */
  resolve(params: RequestParams, caller: Caller): OperationParams | Promise<OperationParams> {
    const { query, documentId } = params;
    if (query !== undefined && !caller.trustedDocumentsOnly) return { ...params, query };
    const id = query === undefined ? (documentId ?? '') : createHash('sha256').update(query).digest('hex');
    const text = this.#find(id, caller);
    const complete = (found: string | null): OperationParams => {
      if (found !== null) return { ...params, query: found };
      throw query === undefined
        ? new GatewayError('PERSISTED_DOCUMENT_NOT_FOUND', `No document sha256:${id} is registered here`)
        : new GatewayError(
            'DOCUMENT_NOT_TRUSTED',
            'Only registered documents are run here: see registerTrustedDocuments',
          );
    };
    return text instanceof Promise ? text.then(complete) : complete(text);
  }

  #find(id: string, { principal: { tenantId, partnerId } }: Caller): string | null | Promise<string | null> {
    const snapshot = this.#registry.current();
    if (snapshot !== this.#under || this.#size > rememberedText || this.#misses > rememberedMisses) {
      this.#texts.clear();
      this.#size = 0;
      this.#misses = 0;
      this.#under = snapshot;
    }
    const key = `${tenantId ?? ''} ${partnerId ?? ''} ${id}`;
    const known = this.#texts.get(key);
    return known === undefined ? this.#fetch(key, id, { tenantId, partnerId }) : known;
  }

  async #fetch(
    key: string,
    id: string,
    owner: { readonly tenantId: string | null; readonly partnerId: string | null },
  ): Promise<string | null> {
    const under = this.#under;
    let text: string | null;
    try {
      text = await this.#registry.trustedDocument(id, owner);
    } catch (cause) {
      throw new GatewayError(
        'SUBGRAPH_UNAVAILABLE',
        'The registered documents cannot be read now',
        {},
        { cause },
      );
    }
    if (under === this.#under && !this.#texts.has(key)) {
      this.#texts.set(key, text);
      if (text === null) this.#misses += 1;
      else this.#size += text.length;
    }
    return text;
  }
}
