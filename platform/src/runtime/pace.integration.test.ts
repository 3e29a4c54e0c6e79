import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { idleProcessFlags } from './pace.ts';

/** A process under the flags that counts as told, and ends when it has said that it is busy. */
const program = (perLook: number) => `
  import { favourSpeedWhenBusy } from ${JSON.stringify(new URL('./pace.ts', import.meta.url).href)};
  let count = 0;
  setInterval(() => { count += ${perLook / 10}; }, 100);
  favourSpeedWhenBusy(() => count, { info: (_, text) => { console.log(text); process.exit(); } });
  setTimeout(() => { console.log('idle'); process.exit(); }, 3_000);`;

async function saidBy(perLook: number): Promise<string> {
  const child = spawn(
    process.execPath,
    [...idleProcessFlags, '--input-type=module', '-e', program(perLook)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text;
  });
  await once(child, 'close');
  return said.trim();
}

test('a process says so when it turns from size to speed; an idle one never does', async () => {
  expect(await Promise.all([saidBy(10_000), saidBy(10)])).toEqual([
    'busy: from now on code is compiled for speed, not for size',
    'idle',
  ]);
});
