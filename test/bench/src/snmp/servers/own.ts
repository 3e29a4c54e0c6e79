import { systemClock } from '@dotmac/device';
import { SnmpEngine, SnmpError, type SnmpSession } from '@dotmac/snmp';
import { type ClientArgument, serveRounds } from '../client.ts';
import { columns, community, user } from '../columns.ts';
import { serverArgument } from '../process.ts';

/** DotMac's engine: the driver's way to read a table, with sysUpTime beside the counters. */
if (import.meta.main) {
  const { ports, version } = serverArgument<ClientArgument>();
  const engine = new SnmpEngine({ clock: systemClock });
  const credential =
    version === '2c'
      ? { version, community }
      : ({
          version,
          user: user.name,
          level: 'authPriv',
          authProtocol: 'sha1',
          authPassword: user.authPassword,
          privProtocol: 'aes128',
          privPassword: user.privPassword,
        } as const);
  const oids = columns.map(({ oid }) => oid);
  const sessions = new Map<number, SnmpSession>();
  serveRounds(ports, 64, async (port) => {
    let session = sessions.get(port);
    if (session === undefined) {
      session = engine.session({ host: '127.0.0.1', port }, credential);
      sessions.set(port, session);
    }
    try {
      const { rows, complete } = await session.table(oids);
      if (!complete) throw new Error(`The agent on port ${port} was read in part`);
      let cells = 0;
      for (const row of rows.values()) for (const value of row) if (value !== undefined) cells++;
      return cells;
    } catch (error) {
      if (error instanceof SnmpError && error.code === 'timeout') return 0;
      throw error;
    }
  });
}
