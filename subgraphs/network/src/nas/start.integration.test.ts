import { type KyselyPlugin, SelectQueryNode, TableNode } from 'kysely';
import { expect, test } from 'vitest';
import { startTestNetwork } from '../testing/network.ts';

test('what was heard of NASes is known before they are taken: which of two secrets one uses follows from it', async () => {
  const log: string[] = [];
  const asked = new Map<unknown, string>();
  const spy: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      const [table] = SelectQueryNode.is(node) ? (node.from?.froms ?? []) : [];
      if (table !== undefined && TableNode.is(table)) {
        const { name } = table.table.identifier;
        asked.set(queryId, name);
        log.push(`${name} asked`);
      }
      return node;
    },
    async transformResult({ queryId, result }) {
      log.push(`${asked.get(queryId)} read`);
      return result;
    },
  };
  await using _isp = await startTestNetwork((services) => ({
    ...services,
    database: services.database.withPlugin(spy),
  }));
  const at = (what: RegExp) => log.findIndex((line) => what.test(line));
  expect(at(/^(nasHealth|nas_health) read$/)).toBeGreaterThanOrEqual(0);
  expect(at(/^(nasHealth|nas_health) read$/)).toBeLessThan(at(/^nas asked$/));
});
