import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runtimeContract } from '../contract/runtime-contract.ts';
import { openProcessHosting } from '../hosting.ts';

runtimeContract('process', async ({ tombstones, secrets }) => {
  const home = mkdtempSync(join(tmpdir(), 'dm-process-'));
  chmodSync(home, 0o711);
  const problems: unknown[] = [];
  const open = () =>
    openProcessHosting({
      home,
      migrate: () => Promise.resolve(),
      resolveSecret: async (_tenant, { name, version }) => {
        const value = secrets.get(`${name}@${version}`);
        if (value === undefined) throw new Error(`no secret ${name}@${version}`);
        return value;
      },
      findTombstone: async (id) => tombstones.get(id),
      onProblem: (problem) => problems.push(problem),
    });
  let hosting = await open();
  return {
    runtime: hosting.runtime,
    async reopen() {
      await hosting.release();
      hosting = await open();
      return hosting.runtime;
    },
    kill: ({ pid }) => {
      if (pid === undefined) throw new Error('nothing runs');
      process.kill(pid, 'SIGKILL');
    },
    async close() {
      await hosting.shutDown();
      rmSync(home, { recursive: true, force: true });
      if (problems.length > 0) throw new AggregateError(problems, 'supervision had problems');
    },
  };
});
