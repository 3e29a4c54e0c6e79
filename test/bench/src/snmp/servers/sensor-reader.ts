import { type DeviceSession, systemClock } from '@dotmac/device';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { serveRounds } from '../client.ts';
import { community } from '../columns.ts';
import { serverArgument } from '../process.ts';
import { readingsPerDevice } from '../sensors.ts';

/** As many at a time as the sensor lane reads. */
const atOnce = 16;

/** The sensor lane without its database: the real engine and driver, and the reading of `sensor/lane.ts`. */
if (import.meta.main) {
  const { ports } = serverArgument<{ ports: readonly number[] }>();
  const driver = snmpDriver(new SnmpEngine({ clock: systemClock }));
  const sessions = new Map<number, DeviceSession>();
  serveRounds(ports, atOnce, async (port) => {
    const id = `device-${port}`;
    const session =
      sessions.get(port) ?? driver.open({ id, host: '127.0.0.1', port }, { version: '2c', community });
    sessions.set(port, session);
    const signal = AbortSignal.timeout(20_000);
    let read = 0;
    for await (const _ of session.read('sensor', {
      clock: systemClock,
      signal,
      priority: 'poll',
      operationId: id,
    }))
      read++;
    if (read !== readingsPerDevice) throw new Error(`${id} was read with ${read} readings`);
    return read;
  });
}
