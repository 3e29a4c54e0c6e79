import { anonymous, isScope, type Principal } from '@dotmac/schema';
import { GraphQLError } from 'graphql';
import type { Graph } from './graph.ts';
import { type Finding, judge } from './rules.ts';

/** What an API key has asked, as the graph tells it (`apiKeyRecords`). */
export interface KeyRecord {
  readonly apiKey: { readonly id: string; readonly name: string; readonly scopes: readonly string[] };
  readonly tenantId: string | null;
  readonly partnerId: string | null;
  readonly operations: readonly {
    readonly hash: string;
    readonly text: string;
    readonly operationName: string;
    readonly lastSeenAt: string;
  }[];
  readonly complete: boolean;
}

/** `unknown`: nothing recorded is touched, but not all is recorded. */
type Verdict = 'safe' | 'unknown' | 'risks' | 'breaks';

export interface KeyVerdict {
  readonly key: { readonly id: string; readonly name: string };
  readonly tenantId: string | null;
  readonly partnerId: string | null;
  readonly verdict: Verdict;
  readonly operations: number;
  /** The operations for which something was found. */
  readonly touched: readonly {
    readonly hash: string;
    readonly operationName: string;
    readonly lastSeenAt: string;
    readonly findings: readonly Finding[];
  }[];
}

/** What a new graph does to every key. */
export function checkRecords(
  before: Graph,
  after: Graph,
  records: readonly KeyRecord[],
): readonly KeyVerdict[] {
  return records.map(({ apiKey, tenantId, partnerId, operations, complete }) => {
    const principal: Principal = {
      ...anonymous,
      kind: 'apiKey',
      id: apiKey.id,
      name: apiKey.name,
      tenantId,
      partnerId,
      scopes: apiKey.scopes.filter(isScope),
    };
    const touched = operations.flatMap((operation) => {
      const findings = findingsOf(before, after, operation, principal);
      if (findings.length === 0) return [];
      const { hash, operationName, lastSeenAt } = operation;
      return [{ hash, operationName, lastSeenAt, findings }];
    });
    const levels = new Set(touched.flatMap(({ findings }) => findings.map(({ level }) => level)));
    const verdict = levels.has('breaks')
      ? 'breaks'
      : levels.has('risks')
        ? 'risks'
        : complete
          ? 'safe'
          : 'unknown';
    const { id, name } = apiKey;
    return { key: { id, name }, tenantId, partnerId, verdict, operations: operations.length, touched };
  });
}

function findingsOf(
  before: Graph,
  after: Graph,
  operation: KeyRecord['operations'][number],
  principal: Principal,
): readonly Finding[] {
  try {
    return judge(before, after, operation, principal);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return [{ level: 'breaks', message: `The record cannot be read: ${error.message}` }];
  }
}
