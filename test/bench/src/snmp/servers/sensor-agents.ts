import { systemClock } from '@dotmac/device';
import { accessSwitch, startSnmpAgents, tableObjects } from '@dotmac/lab/snmp';
import { serveParent, serverArgument } from '../process.ts';
import { sensorsPerDevice } from '../sensors.ts';

const entity = '1.3.6.1.2.1.47.1.1.1.1';
const sensor = '1.3.6.1.2.1.99.1.1.1';
const celsius = 8;
const integer = (value: number) => ({ type: 'integer' as const, value });
const text = (value: string) => ({ type: 'string' as const, value });

/** Switches that measure temperatures (ENTITY-MIB, ENTITY-SENSOR-MIB), in one process. */
if (import.meta.main) {
  const { count } = serverArgument<{ count: number }>();
  const rows = Array.from({ length: sensorsPerDevice }, (_, i) => i + 10);
  const objects = {
    ...tableObjects(
      [2, 5, 7].map((column) => `${entity}.${column}`),
      Object.fromEntries(rows.map((row) => [row, [text(`Sensor ${row}`), integer(8), text(`slot ${row}`)]])),
    ),
    ...tableObjects(
      [1, 2, 3, 4, 5].map((column) => `${sensor}.${column}`),
      Object.fromEntries(rows.map((row) => [row, [celsius, 9, 1, 400 + row, 1].map(integer)])),
    ),
  };
  const devices = Array.from({ length: count }, (_, i) => ({ ...accessSwitch, id: `switch-${i}`, objects }));
  const { agents } = await startSnmpAgents(devices, { clock: systemClock });
  serveParent({ ports: agents.map(({ port }) => port) }, () => ({}));
}
