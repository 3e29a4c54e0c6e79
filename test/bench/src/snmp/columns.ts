const ifEntry = '1.3.6.1.2.1.2.2.1';
const ifXEntry = '1.3.6.1.2.1.31.1.1.1';

/** What every client reads of every port: state, names, octets, packets, errors and discards (IF-MIB, RFC 2863). */
export const columns = [
  { name: 'ifAdminStatus', oid: `${ifEntry}.7`, type: 'gauge' },
  { name: 'ifOperStatus', oid: `${ifEntry}.8`, type: 'gauge' },
  { name: 'ifInDiscards', oid: `${ifEntry}.13`, type: 'counter' },
  { name: 'ifInErrors', oid: `${ifEntry}.14`, type: 'counter' },
  { name: 'ifOutDiscards', oid: `${ifEntry}.19`, type: 'counter' },
  { name: 'ifOutErrors', oid: `${ifEntry}.20`, type: 'counter' },
  { name: 'ifName', oid: `${ifXEntry}.1`, type: 'DisplayString' },
  { name: 'ifHCInOctets', oid: `${ifXEntry}.6`, type: 'counter' },
  { name: 'ifHCInUcastPkts', oid: `${ifXEntry}.7`, type: 'counter' },
  { name: 'ifHCOutOctets', oid: `${ifXEntry}.10`, type: 'counter' },
  { name: 'ifHCOutUcastPkts', oid: `${ifXEntry}.11`, type: 'counter' },
  { name: 'ifHighSpeed', oid: `${ifXEntry}.15`, type: 'gauge' },
] as const;

export const portsPerDevice = 48;
export const cellsPerDevice = columns.length * portsPerDevice;
export const community = 'public';

/** The user of the agents under v3: authPriv with SHA-1 and AES-128, what most fleets have. */
export const user = {
  name: 'bench',
  authPassword: 'bench-auth-password',
  privPassword: 'bench-priv-password',
};
