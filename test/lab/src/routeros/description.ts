/** An interface of the simulated router. Rates are the port's own view and run while it is up. */
export interface InterfaceDescription {
  readonly name: string;
  readonly type?: string;
  readonly mac?: string;
  readonly mtu?: number;
  readonly comment?: string;
  readonly running?: boolean;
  readonly linkBitsPerSecond?: bigint;
  readonly rxBitsPerSecond?: bigint;
  readonly txBitsPerSecond?: bigint;
}

export interface UserDescription {
  readonly name: string;
  readonly password: string;
  /** `read` may not change anything. */
  readonly policy?: 'full' | 'read';
}

/** What the simulated router is. */
export interface RouterDescription {
  readonly name: string;
  /** `7.22.3 (stable)` or `7.22.3`; decides `!empty`, the login and the words of some refusals. */
  readonly version: string;
  readonly boardName: string;
  /** Absent: a CHR, which has no `/system/routerboard`. */
  readonly serialNumber?: string;
  readonly users: readonly UserDescription[];
  readonly interfaces: readonly InterfaceDescription[];
  /** Rows added at the start, as written over the API, such as `{ '/ip/firewall/filter': [{ chain: 'forward', … }] }`. */
  readonly rows?: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>;
  readonly cpuLoadPercent?: number;
  readonly totalMemoryBytes?: bigint;
  readonly freeMemoryBytes?: bigint;
}

/** The rules that make the list `dotmac-suspended` mean something: pay pages stay reachable, the rest is dropped. */
export const suspensionRules: NonNullable<RouterDescription['rows']> = {
  '/ip/firewall/filter': [
    {
      chain: 'forward',
      'src-address-list': 'dotmac-suspended',
      'dst-address-list': '!dotmac-garden',
      action: 'drop',
      comment: 'dotmac:suspend-drop',
    },
  ],
  '/ip/firewall/nat': [
    {
      chain: 'dstnat',
      'src-address-list': 'dotmac-suspended',
      'dst-address-list': '!dotmac-garden',
      protocol: 'tcp',
      'dst-port': '80',
      action: 'dst-nat',
      'to-addresses': '192.0.2.80',
      'to-ports': '80',
      comment: 'dotmac:suspend-redirect',
    },
  ],
  '/ip/firewall/address-list': [{ list: 'dotmac-garden', address: '192.0.2.80', comment: 'dotmac:garden-1' }],
};
