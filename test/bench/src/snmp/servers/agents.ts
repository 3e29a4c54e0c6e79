import dgram from 'node:dgram';
import { once } from 'node:events';
import { serveParent, serverArgument } from '../process.ts';
import { answerPdu, Cursor } from './answer.ts';
import { objects, tlv } from './objects.ts';
import { answerV3 } from './usm.ts';

/**
 * Many agents in one process, each on a port of its own; they answer v2c and v3 to whoever asks, the last `deaf` of them
 * nobody. Asked, it tells the CPU time it took.
 */
if (import.meta.main) {
  const { count, deaf = 0 } = serverArgument<{ count: number; deaf?: number }>();
  const tree = objects();
  const ports: number[] = [];
  for (let device = 0; device < count + deaf; device++) {
    const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 65_536 });
    const engineId = Buffer.from(`8000c3ff05${device.toString(16).padStart(16, '0')}`, 'hex');
    socket.on('message', (datagram, from) => {
      if (device >= count) return;
      const cursor = new Cursor(datagram);
      cursor.enter();
      const version = cursor.octets();
      if (version[0] === 3) {
        const reply = answerV3(cursor, engineId, tree);
        if (reply !== null) socket.send(reply, from.port, from.address);
        return;
      }
      const community = tlv(0x04, cursor.octets());
      const pdu = answerPdu(cursor, tree);
      socket.send(tlv(0x30, Buffer.concat([tlv(0x02, version), community, pdu])), from.port, from.address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    ports.push(socket.address().port);
  }
  serveParent({ ports }, () => {
    const { user, system } = process.cpuUsage();
    return { cpu: user + system };
  });
}
