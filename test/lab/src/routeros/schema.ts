/**
 * The menus an ISP's access router is run with, written from the manuals. A field is
 * `name[:type][=default][!]`, `!` for one that `add` must bring. Types: `text` (default), `bool`, `word(a,b)`,
 * `address`, `prefix`, `targets` (addresses or interfaces, `/32` printed), `rates` (`up/down` in bit/s), `durations`, `duration`, `number`, `mac`, `ref(/menu)`.
 */
export interface MenuSource {
  /** One row, no `.id`. */
  readonly single?: true;
  readonly verbs: string;
  /** What `add` and `set` accept. */
  readonly writable?: string;
  /** What only the router writes. */
  readonly readable?: string;
  /** Fields that together may occur once, and the words for a second one. */
  readonly unique?: { readonly fields: string; readonly message: DuplicateMessage };
  /** Real boards only. */
  readonly hardware?: true;
}
type DuplicateMessage =
  | 'failure: already have such name'
  | 'failure: already have such entry'
  | 'failure: already have such address'
  | 'failure: secret with the same name already exists';

const common = 'comment disabled:bool=false';
const matchers =
  'chain! src-address src-address-list dst-address dst-address-list protocol dst-port in-interface out-interface';

export const menuSources: Readonly<Record<string, MenuSource>> = {
  '/system/identity': { single: true, verbs: 'print set', writable: 'name=MikroTik' },
  '/system/resource': {
    single: true,
    verbs: 'print',
    readable:
      'uptime version build-time free-memory total-memory cpu cpu-count cpu-frequency cpu-load free-hdd-space total-hdd-space architecture-name board-name platform',
  },
  '/system/routerboard': {
    single: true,
    verbs: 'print',
    hardware: true,
    readable: 'routerboard model serial-number firmware-type current-firmware upgrade-firmware',
  },
  '/system/license': { single: true, verbs: 'print', readable: 'system-id level' },
  '/system/health': { verbs: 'print', readable: 'name value type' },
  '/system/clock': { single: true, verbs: 'print set', writable: 'date time time-zone-name' },
  '/interface': {
    verbs: 'print set enable disable monitor-traffic',
    writable: `name mtu ${common}`,
    readable:
      'default-name type actual-mtu mac-address running dynamic:bool=false last-link-up-time last-link-down-time link-downs rx-byte tx-byte rx-packet tx-packet rx-drop tx-drop rx-error tx-error',
  },
  '/interface/ethernet': {
    verbs: 'print set monitor',
    writable: `name mtu mac-address ${common}`,
    readable: 'default-name running',
  },
  '/interface/bridge/host': {
    verbs: 'print',
    readable: 'mac-address:mac interface on-interface bridge vid local:bool=false dynamic:bool=true',
  },
  '/interface/wireless/registration-table': {
    verbs: 'print',
    readable:
      'interface mac-address:mac radio-name signal-strength signal-to-noise tx-ccq tx-rate rx-rate uptime last-ip',
  },
  '/ip/arp': {
    verbs: 'print',
    readable: 'address mac-address:mac interface dynamic:bool=true invalid:bool=false complete:bool=true',
  },
  '/ipv6/neighbor': { verbs: 'print', readable: 'address mac-address:mac interface status' },
  '/ip/neighbor': {
    verbs: 'print',
    readable:
      'interface address mac-address:mac identity platform version board interface-name discovered-by system-description',
  },
  '/ip/address': {
    verbs: 'print add set remove enable disable',
    writable: `address:prefix! interface:ref(/interface)! ${common}`,
    readable: 'actual-interface dynamic:bool=false invalid:bool=false',
    unique: { fields: 'address interface', message: 'failure: already have such address' },
  },
  '/ip/pool': {
    verbs: 'print add set remove',
    writable: 'name! ranges! comment',
    unique: { fields: 'name', message: 'failure: already have such name' },
  },
  '/ppp/profile': {
    verbs: 'print add set remove',
    writable:
      'name! local-address remote-address rate-limit only-one:word(default,no,yes)=default address-list comment',
    readable: 'default',
    unique: { fields: 'name', message: 'failure: already have such name' },
  },
  '/ppp/secret': {
    verbs: 'print add set remove enable disable',
    writable: `name! password= service:word(any,async,l2tp,ovpn,pppoe,pptp,sstp)=any profile:ref(/ppp/profile)=default local-address:address remote-address:address caller-id= routes= limit-bytes-in=0 limit-bytes-out=0 ${common}`,
    readable: 'last-logged-out last-caller-id last-disconnect-reason',
    unique: { fields: 'name', message: 'failure: secret with the same name already exists' },
  },
  '/ppp/active': {
    verbs: 'print remove',
    readable:
      'name service caller-id address uptime encoding session-id limit-bytes-in limit-bytes-out radius comment',
  },
  '/ppp/aaa': {
    single: true,
    verbs: 'print set',
    writable: 'use-radius:bool=true accounting:bool=true interim-update:duration=5m',
  },
  '/queue/simple': {
    verbs: 'print add set remove enable disable move',
    writable: `name! target:targets! dst parent=none packet-marks= priority=8/8 queue=default-small/default-small limit-at:rates=0/0 max-limit:rates=0/0 burst-limit:rates=0/0 burst-threshold:rates=0/0 burst-time:durations=0s/0s ${common}`,
    readable: 'rate bytes packets dropped queued-bytes queued-packets dynamic:bool=false invalid:bool=false',
    unique: { fields: 'name', message: 'failure: already have such name' },
  },
  '/ip/firewall/address-list': {
    verbs: 'print add set remove enable disable',
    writable: `list! address:prefix! timeout:duration ${common}`,
    readable: 'creation-time dynamic:bool=false',
    unique: { fields: 'list address', message: 'failure: already have such entry' },
  },
  '/ip/firewall/connection': {
    verbs: 'print remove',
    readable:
      'protocol src-address dst-address reply-src-address reply-dst-address tcp-state timeout orig-bytes repl-bytes',
  },
  '/ip/firewall/filter': {
    verbs: 'print add set remove enable disable move',
    writable: `${matchers} connection-state action:word(accept,drop,reject,tarpit,jump,log,passthrough,return,fasttrack-connection)=accept ${common}`,
    readable: 'bytes packets dynamic:bool=false invalid:bool=false',
  },
  '/ip/firewall/nat': {
    verbs: 'print add set remove enable disable move',
    writable: `${matchers} action:word(accept,dst-nat,src-nat,masquerade,redirect,jump,log,passthrough,return)=accept to-addresses to-ports ${common}`,
    readable: 'bytes packets dynamic:bool=false invalid:bool=false',
  },
  '/ip/dhcp-server': {
    verbs: 'print add set remove enable disable',
    writable: `name! interface:ref(/interface)! address-pool use-radius:word(no,yes,accounting)=no ${common}`,
    readable: 'dynamic:bool=false invalid:bool=false',
    unique: { fields: 'name', message: 'failure: already have such name' },
  },
  '/ip/dhcp-server/lease': {
    verbs: 'print add set remove enable disable make-static',
    writable: `address:address! mac-address:mac server:ref(/ip/dhcp-server)=all client-id rate-limit address-lists= block-access:bool=false lease-time:duration ${common}`,
    readable:
      'status expires-after last-seen host-name active-address active-mac-address active-server radius dynamic:bool=false',
    unique: { fields: 'address server', message: 'failure: already have such address' },
  },
  '/radius': {
    verbs: 'print add set remove enable disable',
    writable: `service address! secret= timeout:duration=300ms src-address:address require-message-auth:word(no,yes-for-request-resp)=yes-for-request-resp authentication-port=1812 accounting-port=1813 ${common}`,
  },
  '/radius/incoming': { single: true, verbs: 'print set', writable: 'accept:bool=false port=3799' },
  '/tool': { verbs: 'ping' },
  '/log': { verbs: 'print', readable: 'time topics message buffer' },
};

export interface Field {
  readonly name: string;
  readonly type: string;
  /** The words of a `word` type, or the menu of a `ref`. */
  readonly of: readonly string[];
  readonly default: string | null;
  readonly required: boolean;
  readonly writable: boolean;
}

export interface Menu {
  readonly path: string;
  readonly single: boolean;
  readonly hardware: boolean;
  readonly verbs: ReadonlySet<string>;
  readonly fields: ReadonlyMap<string, Field>;
  readonly unique: { readonly fields: readonly string[]; readonly message: DuplicateMessage } | null;
}

function parseField(text: string, writable: boolean): Field {
  const match = /^([a-z0-9-]+)(?::([a-z]+)(?:\(([^)]*)\))?)?(?:=([^!]*))?(!)?$/.exec(text);
  if (match === null) throw new Error(`The field "${text}" of the schema is not name[:type][=default][!]`);
  const [, name, type, of, value, required] = match;
  return {
    name: name as string,
    type: type ?? 'text',
    of: of?.split(',') ?? [],
    default: value ?? null,
    required: required !== undefined,
    writable,
  };
}

/** All menus by path. */
export const menus: ReadonlyMap<string, Menu> = new Map(
  Object.entries(menuSources).map(([path, source]) => {
    const fields = [
      ...(source.writable ?? '')
        .split(' ')
        .filter(Boolean)
        .map((text) => parseField(text, true)),
      ...(source.readable ?? '')
        .split(' ')
        .filter(Boolean)
        .map((text) => parseField(text, false)),
    ];
    const menu: Menu = {
      path,
      single: source.single ?? false,
      hardware: source.hardware ?? false,
      verbs: new Set(source.verbs.split(' ')),
      fields: new Map(fields.map((field) => [field.name, field])),
      unique:
        source.unique === undefined
          ? null
          : { fields: source.unique.fields.split(' '), message: source.unique.message },
    };
    return [path, menu];
  }),
);
