import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { commandLine, identify, isRunning, signal } from './process-identity.ts';

it('knows one run of one process', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const identity = identify(child.pid ?? 0);
  if (identity === undefined) throw new Error('sleep is not found');
  expect(isRunning(identity)).toBe(true);
  expect(isRunning({ ...identity, startTime: 'another' })).toBe(false);
  expect(signal({ ...identity, startTime: 'another' }, 'SIGKILL')).toBe(false);
  expect(commandLine(identity.pid)).toContain('sleep 60');
  expect(signal(identity, 'SIGKILL')).toBe(true);
  await once(child, 'exit');
  expect(isRunning(identity)).toBe(false);
  expect(commandLine(identity.pid)).toBeUndefined();
});
