/** Whole octets. 64 bit on the wire, hence `bigint`. */
export type Octets = bigint;
/** Bits per second, decimal (1 Mbit/s = 1,000,000). */
export type BitsPerSecond = bigint;
/** Colon-separated lower-case hexadecimal, six octets: `cc:2d:e0:a3:3d:d5`. */
export type MacAddress = string;
/** An IPv4 or IPv6 address in its canonical text form (RFC 5952 for IPv6). */
export type IpAddress = string;

/** A rate for one direction, as sold: sustained, and optionally a burst. */
export interface RateLimit {
  readonly bitsPerSecond: BitsPerSecond;
  readonly burst?: {
    readonly bitsPerSecond: BitsPerSecond;
    /** The burst is granted while the average over `seconds` stays below this. */
    readonly thresholdBitsPerSecond: BitsPerSecond;
    readonly seconds: number;
  };
}

/** Vendor-neutral speed of a service. Directions are the subscriber's: downstream = download. */
export interface Shaping {
  readonly downstream: RateLimit;
  readonly upstream: RateLimit;
}
