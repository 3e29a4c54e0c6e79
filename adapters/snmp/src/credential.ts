/** How to speak to an agent: a community for v1 and v2c, a user for v3 (USM, RFC 3414). Never logged. */
export type SnmpCredential = CommunityCredential | UserCredential;

export interface CommunityCredential {
  readonly version: '1' | '2c';
  readonly community: string;
}

export type AuthProtocol = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';
/** `aes192` and `aes256` extend keys as Blumenthal's draft; a trailing `c` is the Reeder form Cisco uses. */
export type PrivProtocol = 'des' | 'aes128' | 'aes192' | 'aes256' | 'aes192c' | 'aes256c';

export interface UserCredential {
  readonly version: '3';
  readonly user: string;
  readonly level: 'noAuthNoPriv' | 'authNoPriv' | 'authPriv';
  readonly authProtocol?: AuthProtocol;
  readonly authPassword?: string;
  readonly privProtocol?: PrivProtocol;
  readonly privPassword?: string;
  readonly contextName?: string;
}
