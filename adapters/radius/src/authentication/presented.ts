/** What a peer has shown by EAP, for `verifyPassword` to check and for the policy to see. */
export type PresentedCredential =
  | { readonly method: 'TTLS-PAP'; readonly password: Uint8Array }
  | {
      readonly method: 'EAP-MD5';
      readonly identifier: number;
      readonly challenge: Uint8Array;
      /** 16 octets. */
      readonly response: Uint8Array;
    }
  | MsChapV2Credential
  | { readonly method: 'EAP-TLS'; readonly certificate: PresentedCertificate };

export interface MsChapV2Credential {
  readonly method: 'EAP-MSCHAPV2' | 'TTLS-MSCHAPV2' | 'PEAP-MSCHAPV2';
  readonly userName: string;
  /** 16 octets. */
  readonly challenge: Uint8Array;
  /** 16 octets. */
  readonly peerChallenge: Uint8Array;
  /** 24 octets. */
  readonly ntResponse: Uint8Array;
  /** Set when the password was right: what proves us to the peer, and the session keys. */
  success: { readonly text: string; readonly send: Buffer; readonly receive: Buffer } | null;
}

/** A client certificate that our authorities have signed. */
export interface PresentedCertificate {
  readonly commonName: string | null;
  /** As Node shows it: `email:alice@example.net, DNS:host`. */
  readonly subjectAltName: string | null;
  readonly serialNumber: string;
  /** SHA-256, colon-separated. */
  readonly fingerprint: string;
}
