import snmp from 'net-snmp';
import { type ClientArgument, serveRounds } from '../client.ts';
import { columns, community, user } from '../columns.ts';
import { serverArgument } from '../process.ts';

const repetitions = 10;

/** npm net-snmp at its best: kept sessions, all columns in one GETBULK, ten rows a reply. */
if (import.meta.main) {
  const { ports, version } = serverArgument<ClientArgument>();
  const sessions = new Map<number, snmp.Session>();
  serveRounds(ports, 64, async (port) => {
    let session = sessions.get(port);
    if (session === undefined) {
      const options = { port, version: version === '3' ? snmp.Version3 : snmp.Version2c };
      session =
        version === '3'
          ? snmp.createV3Session(
              '127.0.0.1',
              {
                name: user.name,
                level: snmp.SecurityLevel.authPriv,
                authProtocol: snmp.AuthProtocols.sha,
                authKey: user.authPassword,
                privProtocol: snmp.PrivProtocols.aes,
                privKey: user.privPassword,
              },
              options,
            )
          : snmp.createSession('127.0.0.1', community, options);
      session.on('error', () => undefined);
      sessions.set(port, session);
    }
    return readColumns(session);
  });
}

function readColumns(session: snmp.Session): Promise<number> {
  return new Promise((resolve, reject) => {
    let cells = 0;
    let open = columns.map(({ oid }) => ({ prefix: `${oid}.`, last: oid as string }));
    const step = () => {
      session.getBulk(
        open.map(({ last }) => last),
        0,
        repetitions,
        (error, answers) => {
          if (error) {
            reject(error);
            return;
          }
          open = open.filter((column, position) => {
            for (const { oid, type } of answers[position] ?? []) {
              if (type === snmp.ObjectType.EndOfMibView || !oid.startsWith(column.prefix)) return false;
              column.last = oid;
              cells++;
            }
            return true;
          });
          if (open.length === 0) resolve(cells);
          else step();
        },
      );
    };
    step();
  });
}
