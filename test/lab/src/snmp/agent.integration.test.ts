import { createSocket } from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import { startSnmpAgents, towerRouter } from './index.ts';

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((lab) => lab.close()));
});

/** GET ifOperStatus.2 (community public, request id 1), written by hand so that no codec of ours is in between. */
const request = Buffer.from(
  '302802010104067075626c6963a01b0201010201000201003010300e060a2b0601020102020108020500',
  'hex',
);

async function ask(port: number): Promise<Buffer> {
  const socket = createSocket('udp4');
  try {
    return await new Promise((resolve, reject) => {
      socket.once('message', resolve);
      socket.once('error', reject);
      socket.send(request, port, '127.0.0.1');
    });
  } finally {
    socket.close();
  }
}

test('a port that is taken down shows ifOperStatus down, and up again', async () => {
  const lab = await startSnmpAgents([towerRouter], { clock: { now: () => 0 } });
  running.push(lab);
  const [agent] = lab.agents;
  if (agent === undefined) throw new Error('no agent');
  const status = async () => (await ask(agent.port)).at(-1);
  expect(await status()).toBe(1);
  agent.setInterface('ether1', 'down');
  expect(await status()).toBe(2);
  agent.setInterface('ether1', 'up');
  expect(await status()).toBe(1);
});

test('an unknown interface is refused by name', async () => {
  const lab = await startSnmpAgents([towerRouter], { clock: { now: () => 0 } });
  running.push(lab);
  expect(() => lab.agents[0]?.setInterface('ether9', 'down')).toThrow(
    /No interface "ether9"; there are: sfp/,
  );
});
