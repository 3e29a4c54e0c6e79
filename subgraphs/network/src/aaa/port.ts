import type * as radius from '@dotmac/radius';

/** What the login policy needs of the RADIUS adapter; the composition root passes the adapter's own functions. */
export interface RadiusPort {
  readonly verifyPassword: typeof radius.verifyPassword;
  readonly RadiusClient: typeof radius.RadiusClient;
  readonly HomeServerPool: typeof radius.HomeServerPool;
  readonly udpHomeServer: typeof radius.udpHomeServer;
  readonly radSecHomeServer: typeof radius.radSecHomeServer;
  readonly RadSecClient: typeof radius.RadSecClient;
  readonly forwardAccounting: typeof radius.forwardAccounting;
  readonly standardDictionary: typeof radius.standardDictionary;
  readonly extendDictionary: typeof radius.extendDictionary;
  readonly LiveDictionary: typeof radius.LiveDictionary;
  readonly DictionaryError: typeof radius.DictionaryError;
  readonly papPassword: typeof radius.papPassword;
  readonly sharedSecret: typeof radius.sharedSecret;
  /** A vendor's attributes for a speed and a way of access. */
  readonly accessReplyAttributes: typeof radius.accessReplyAttributes;
  /** What an accept carries, encoded once for all logins of a service. */
  readonly acceptTemplate: typeof radius.acceptTemplate;
  /** Attributes of a login of their own, encoded once. */
  readonly acceptBlock: typeof radius.acceptBlock;
  readonly sessionTimeoutBlock: typeof radius.sessionTimeoutBlock;
  /** What an accept into the walled garden carries beside the vendor's own. */
  readonly gardenAttributes: typeof radius.gardenAttributes;
  /** What a carrier-grade NAT gave a session, by its accounting. */
  readonly portRanges: typeof radius.portRanges;
  /** Accounting records as octets, and back. */
  readonly packRecords: typeof radius.packRecords;
  readonly unpackRecords: typeof radius.unpackRecords;
  /** On which line of an access node a session began, by its accounting. */
  readonly accessLine: typeof radius.accessLine;
  /** What the kernel dropped at the server's sockets. */
  readonly kernelDrops: typeof radius.kernelDrops;
  /** Hears the packets of some subscribers. */
  readonly PacketTap: typeof radius.PacketTap;
  /** A packet as people may see it. */
  readonly redactPacket: typeof radius.redactPacket;
  /** The profiles there are, by id. */
  readonly vendorProfiles: Readonly<Record<string, { readonly coaPort: number }>>;
}
