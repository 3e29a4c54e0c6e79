import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Observed, TenantRuntime, Tombstone, WorkloadRef, WorkloadSpec } from '../port.ts';
import { specHash } from '../port.ts';
import { waitUntil, waitUntilReady } from '../wait-until.ts';
import { ask, sampleSpec } from './samples.ts';

/** What a driver offers the contract beside the port itself. */
export interface ContractSubject {
  readonly runtime: TenantRuntime;
  /** The same runtime as the next supervisor finds it; workloads run on meanwhile. */
  reopen(): Promise<TenantRuntime>;
  /** Ends a workload's process as the kernel would, without the driver. */
  kill(observed: Observed): void;
  close(): Promise<void>;
}

export interface ContractFixtures {
  readonly tombstones: Map<string, Tombstone>;
  readonly secrets: Map<string, string>;
}

const FENCE = { epoch: 10 };
const READY_MS = 30_000;

/** What every `TenantRuntime` keeps, run over a driver. */
export function runtimeContract(
  name: string,
  open: (fixtures: ContractFixtures) => Promise<ContractSubject>,
) {
  describe(`${name}: the runtime contract`, () => {
    const tombstones = new Map<string, Tombstone>([
      ['due', { id: 'due', tenant: 'alpha', purgeAfter: 0 }],
      ['early', { id: 'early', tenant: 'alpha', purgeAfter: Number.MAX_SAFE_INTEGER / 4 }],
      ['of-bravo', { id: 'of-bravo', tenant: 'bravo', purgeAfter: 0 }],
    ]);
    const secrets = new Map([['database-url@1', 'postgres://secret']]);
    let subject: ContractSubject;
    let runtime: TenantRuntime;
    beforeAll(async () => {
      subject = await open({ tombstones, secrets });
      runtime = subject.runtime;
    });
    afterAll(() => subject?.close());

    const find = async (ref: WorkloadRef) =>
      (await runtime.observe(ref.tenant)).find(
        (seen) => seen.component === ref.component && seen.generation === ref.generation,
      );
    const started = async (spec: WorkloadSpec) => {
      await runtime.ensure(spec, FENCE);
      return waitUntilReady(runtime, spec, READY_MS);
    };

    it('starts a workload once, however often it is asked to', async () => {
      const spec = sampleSpec('twice');
      const [first, second] = await Promise.all([runtime.ensure(spec, FENCE), runtime.ensure(spec, FENCE)]);
      expect(second.pid).toBe(first.pid);
      const ready = await waitUntilReady(runtime, spec, READY_MS);
      expect(ready).toMatchObject({ specHash: specHash(spec), epoch: 10, restarts: 0, release: '1.0.0' });
      expect(await ask(runtime, spec, '/health/ready')).toBe('ready');
    });

    it('hands over labels, ports and secrets, and no secret in the environment', async () => {
      const spec = sampleSpec('handed', {
        environment: { LOG_LEVEL: 'debug' },
        secrets: [{ name: 'database-url', version: '1' }],
        ports: [{ name: 'radius-auth', protocol: 'udp', host: '127.0.0.1', port: 18_120 }],
      });
      await started(spec);
      const environment = JSON.parse(await ask(runtime, spec, '/environment'));
      expect(environment).toMatchObject({
        LOG_LEVEL: 'debug',
        DOTMAC_TENANT: 'alpha',
        DOTMAC_COMPONENT: 'handed',
        DOTMAC_GENERATION: '1',
        DOTMAC_PORT_RADIUS_AUTH: 'udp:127.0.0.1:18120',
      });
      expect(JSON.stringify(environment)).not.toContain('postgres://secret');
      expect(await ask(runtime, spec, '/secret')).toBe('postgres://secret');
      expect(await runtime.route('alpha', 'handed')).toContainEqual({
        name: 'radius-auth',
        kind: 'udp',
        host: '127.0.0.1',
        port: 18_120,
      });
    });

    it('starts a crashed workload again', async () => {
      const spec = sampleSpec('crashes');
      const before = await started(spec);
      await expect(ask(runtime, spec, '/crash')).rejects.toThrow();
      await waitUntil(runtime, spec, 'BACKOFF', READY_MS);
      const after = await waitUntilReady(runtime, spec, READY_MS);
      expect(after).toMatchObject({ restarts: 1, lastExit: { code: 7, signal: null } });
      expect(after.pid).not.toBe(before.pid);
    });

    it('starts a killed workload again', async () => {
      const spec = sampleSpec('killed', { secrets: [{ name: 'database-url', version: '1' }] });
      subject.kill(await started(spec));
      await waitUntil(runtime, spec, 'BACKOFF', READY_MS);
      expect(await waitUntilReady(runtime, spec, READY_MS)).toMatchObject({ restarts: 1 });
    });

    it('starts a hung workload again', async () => {
      const spec = sampleSpec('hangs');
      await started(spec);
      await ask(runtime, spec, '/hang');
      await waitUntil(runtime, spec, 'BACKOFF', READY_MS);
      expect((await waitUntilReady(runtime, spec, READY_MS)).lastExit?.reason).toMatch(/health\/live failed/);
    });

    it('gives up a start that never becomes ready, tries again, and says why', async () => {
      const spec = sampleSpec('never-ready', {
        environment: { SAMPLE: 'never-ready' },
        health: { ...sampleSpec('x').health, startDeadlineMs: 300 },
      });
      await runtime.ensure(spec, FENCE);
      const seen = await waitUntil(runtime, spec, 'BACKOFF', READY_MS);
      expect(seen.lastExit?.reason).toBe('not ready within 300 ms');
      expect(await runtime.route('alpha', 'never-ready')).toEqual([]);
      await runtime.stop(spec, FENCE);
    });

    it('refuses another spec under the same generation, and runs a new generation beside the old', async () => {
      const first = sampleSpec('changes');
      const before = await started(first);
      const changed = { ...first, environment: { SAMPLE: 'new' } };
      await expect(runtime.ensure(changed, FENCE)).rejects.toMatchObject({ code: 'GENERATION_CONFLICT' });
      const second = { ...changed, generation: 2 };
      const after = await started(second);
      // One slow answer to a probe makes it unready for a moment, at most.
      expect(await waitUntilReady(runtime, first, READY_MS)).toMatchObject({ pid: before.pid, restarts: 0 });
      expect(JSON.parse(await ask(runtime, second, '/identity')).pid).toBe(after.pid);
      await runtime.drain(first, FENCE, 5_000);
      expect(await find(first)).toMatchObject({ state: 'STOPPED' });
      expect(JSON.parse(await ask(runtime, second, '/identity')).pid).toBe(after.pid);
    });

    it('drains: off the route at once, ended in order, not started again', async () => {
      const spec = sampleSpec('drains');
      await started(spec);
      const drained = runtime.drain(spec, FENCE, 5_000);
      await waitUntil(runtime, spec, 'DRAINING', READY_MS);
      expect(await runtime.route('alpha', 'drains')).toEqual([]);
      await drained;
      expect(await find(spec)).toMatchObject({ state: 'STOPPED', restarts: 0 });
      const lines = await Array.fromAsync(runtime.logs(spec, {}));
      expect(lines.at(-1)).toMatchObject({ component: 'drains', text: expect.stringContaining('drained') });
    });

    it('kills what ignores SIGTERM at the deadline', async () => {
      const spec = sampleSpec('stubborn', { environment: { SAMPLE: 'ignores-sigterm' }, gracePeriodMs: 200 });
      await started(spec);
      await runtime.stop(spec, FENCE);
      expect(await find(spec)).toMatchObject({ state: 'STOPPED' });
    });

    it('starts a stopped workload again when asked, with its logs kept', async () => {
      const spec = sampleSpec('stopped');
      await started(spec);
      await runtime.stop(spec, FENCE);
      await started(spec);
      const lines = await Array.fromAsync(runtime.logs(spec, {}));
      expect(lines.filter(({ text }) => text.includes('listening'))).toHaveLength(2);
      const future = new Date(Date.now() + 60_000);
      expect(await Array.fromAsync(runtime.logs(spec, { since: future }))).toEqual([]);
    });

    it('refuses an older epoch everywhere', async () => {
      const spec = sampleSpec('fenced', { tenant: 'fenced' });
      await runtime.ensure(spec, { epoch: 5 });
      const old = { epoch: 4 };
      const fenced = { code: 'FENCED' };
      await expect(runtime.ensure(spec, old)).rejects.toMatchObject(fenced);
      await expect(runtime.ensure({ ...spec, generation: 2 }, old)).rejects.toMatchObject(fenced);
      await expect(runtime.drain(spec, old, 1_000)).rejects.toMatchObject(fenced);
      await expect(runtime.stop(spec, old)).rejects.toMatchObject(fenced);
      await expect(runtime.destroy(spec, old, 'due')).rejects.toMatchObject(fenced);
      await waitUntilReady(runtime, spec, READY_MS);
      expect(await runtime.ensure(spec, { epoch: 6 })).toMatchObject({ epoch: 6 });
    });

    it('destroys only with a tombstone of the tenant whose time has come', async () => {
      const spec = sampleSpec('buried');
      await started(spec);
      for (const tombstone of ['none', 'early', 'of-bravo']) {
        await expect(runtime.destroy(spec, FENCE, tombstone)).rejects.toMatchObject({
          code: 'TOMBSTONE_REFUSED',
        });
      }
      expect(await waitUntilReady(runtime, spec, READY_MS)).toMatchObject({ restarts: 0 });
      await runtime.destroy(spec, FENCE, 'due');
      expect(await find(spec)).toBeUndefined();
      await runtime.destroy(spec, FENCE, 'due');
    });

    it('names what is wrong with a spec', async () => {
      const wrong = (changes: Partial<WorkloadSpec>, message: RegExp) =>
        expect(runtime.ensure(sampleSpec('wrong', changes), FENCE)).rejects.toThrow(message);
      await wrong({ tenant: '../bravo' }, /tenant "\.\.\/bravo" must be/);
      await wrong({ generation: 0 }, /generation 0 must be/);
      await wrong({ command: ['node'] }, /command node must be an absolute path/);
      await wrong({ secrets: [{ name: '../x', version: '1' }] }, /secret name/);
      await expect(
        runtime.stop({ tenant: 'alpha', component: 'unknown', generation: 1 }, FENCE),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('is found unharmed by the next supervisor, which restarts it from then on', async () => {
      const spec = sampleSpec('adopted');
      const before = await started(spec);
      runtime = await subject.reopen();
      const after = await waitUntilReady(runtime, spec, READY_MS);
      expect(after).toMatchObject({ pid: before.pid, restarts: 0, specHash: before.specHash });
      expect((await runtime.ensure(spec, FENCE)).pid).toBe(before.pid);
      subject.kill(after);
      await waitUntil(runtime, spec, 'BACKOFF', READY_MS);
      expect(await waitUntilReady(runtime, spec, READY_MS)).toMatchObject({ restarts: 1 });
      const owned = await Array.fromAsync(runtime.list());
      expect(owned.map(({ component }) => component)).toContain('adopted');
    });
  });
}
