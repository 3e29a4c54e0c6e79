import type { Shaping } from '@dotmac/device';
import type { Attribute } from '../attribute/encode.ts';

/**
 * An attribute with placeholders in braces: `{up.kbps}`. `when` limits it to speeds that do or do not fit 32-bit bit/s.
 */
export interface AttributeTemplate {
  readonly attribute: string;
  readonly value: string;
  readonly tag?: number;
  readonly when?: 'FITS_32_BIT' | 'ABOVE_32_BIT';
}

/** One CoA-Request. `optional`: a NAK is no reason to disconnect (a service to deactivate that was not active). */
export interface CoaTemplate {
  readonly attributes: readonly AttributeTemplate[];
  readonly optional?: boolean;
}

/** How one way of access looks to a vendor: in an Access-Accept, and as changes of a live session. */
export interface ModeTemplate {
  readonly accept: readonly AttributeTemplate[];
  /** Requests in order; empty when only a new login can bring the change. */
  readonly coa: readonly CoaTemplate[];
}

/** What a vendor's NAS understands, as data. Golden octets of every profile are in its tests. */
export interface VendorProfile {
  readonly id: string;
  readonly version: number;
  readonly vendor: string;
  /** Where it listens for CoA unless configured otherwise. */
  readonly coaPort: number;
  /** Sets of session keys by preference: the first set whose placeholders are all known is sent, and nothing else. */
  readonly sessionKeys: readonly (readonly AttributeTemplate[])[];
  readonly open: ModeTemplate;
  readonly walledGarden: ModeTemplate;
  /** A CoA-Request carries one command of the vendor's: what else there is goes in a request of its own. */
  readonly commandPerCoa?: boolean;
  /** Names on the NAS that the templates use; an operator may give others. */
  readonly variables: Readonly<Record<string, string>>;
}

/** A placeholder a template uses and nobody filled, or a speed the vendor cannot express. */
export class ProfileError extends Error {
  override readonly name = 'ProfileError';
  readonly code = 'INVALID_PROFILE';
}

/** Values for placeholders. `null` or absent is unknown. */
export type ProfileValues = Readonly<Record<string, string | null>>;

/** Fills templates. Throws `ProfileError` naming the placeholder without a value. */
export function renderTemplates(templates: readonly AttributeTemplate[], values: ProfileValues): Attribute[] {
  const above32 = values.fits32 === 'no';
  return templates
    .filter(({ when }) => when === undefined || (when === 'ABOVE_32_BIT') === above32)
    .map(({ attribute, value, tag }) => ({
      name: attribute,
      value: value.replace(/\{([\w.]+)\}/g, (_, name: string) => {
        const known = values[name];
        if (known === undefined || known === null)
          throw new ProfileError(`The template of ${attribute} needs "${name}", which has no value`);
        return known;
      }),
      ...(tag === undefined ? {} : { tag }),
    }));
}

/** Whether every placeholder of the templates has a value. */
export function canRender(templates: readonly AttributeTemplate[], values: ProfileValues): boolean {
  return templates.every(({ value }) =>
    [...value.matchAll(/\{([\w.]+)\}/g)].every(([, name]) => (values[name as string] ?? null) !== null),
  );
}

/**
 * The placeholders of a speed. `up` and `down` are the subscriber's; `peak` is the burst, or the rate without one.
 * kbit/s and Mbit/s round up, so that nobody gets less than he bought.
 */
export function shapingValues(shaping: Shaping): ProfileValues {
  const values: Record<string, string> = { 'mikrotik.rate': mikrotikRate(shaping) };
  let fits = true;
  for (const [direction, limit] of [
    ['up', shaping.upstream],
    ['down', shaping.downstream],
  ] as const) {
    const peak = limit.burst?.bitsPerSecond ?? limit.bitsPerSecond;
    if (limit.bitsPerSecond <= 0n)
      throw new ProfileError(`A speed of ${limit.bitsPerSecond} bit/s ${direction} is none`);
    fits &&= limit.bitsPerSecond < 2n ** 32n && peak < 2n ** 32n;
    values[`${direction}.bps`] = String(limit.bitsPerSecond);
    values[`${direction}.bps32`] = String(
      limit.bitsPerSecond < 2n ** 32n ? limit.bitsPerSecond : 2n ** 32n - 1n,
    );
    values[`${direction}.kbps`] = String(ceilDivide(limit.bitsPerSecond, 1_000n));
    values[`${direction}.mbps`] = String(ceilDivide(limit.bitsPerSecond, 1_000_000n));
    values[`${direction}.peak.bps`] = String(peak);
    values[`${direction}.peak.bps32`] = String(peak < 2n ** 32n ? peak : 2n ** 32n - 1n);
    values[`${direction}.peak.kbps`] = String(ceilDivide(peak, 1_000n));
  }
  values.fits32 = fits ? 'yes' : 'no';
  return values;
}

/**
 * RouterOS' `rx[/tx] [rx-burst/tx-burst rx-threshold/tx-threshold rx-time/tx-time]`. rx is what the router receives: the
 * subscriber's upload. k and M are decimal.
 */
export function mikrotikRate({ upstream, downstream }: Shaping): string {
  const pair = (up: string, down: string) => `${up}/${down}`;
  const rate = pair(mikrotikNumber(upstream.bitsPerSecond), mikrotikNumber(downstream.bitsPerSecond));
  if (upstream.burst === undefined && downstream.burst === undefined) return rate;
  const [up, down] = [upstream, downstream].map(({ bitsPerSecond, burst }) => ({
    // The direction without a burst gets one that grants nothing above its rate.
    burst: mikrotikNumber(burst?.bitsPerSecond ?? bitsPerSecond),
    threshold: mikrotikNumber(burst?.thresholdBitsPerSecond ?? bitsPerSecond),
    seconds: String(burst?.seconds ?? 1),
  })) as [
    Record<'burst' | 'threshold' | 'seconds', string>,
    Record<'burst' | 'threshold' | 'seconds', string>,
  ];
  return [
    rate,
    pair(up.burst, down.burst),
    pair(up.threshold, down.threshold),
    pair(up.seconds, down.seconds),
  ].join(' ');
}

function mikrotikNumber(bitsPerSecond: bigint): string {
  if (bitsPerSecond % 1_000_000n === 0n) return `${bitsPerSecond / 1_000_000n}M`;
  return bitsPerSecond % 1_000n === 0n ? `${bitsPerSecond / 1_000n}k` : String(bitsPerSecond);
}

function ceilDivide(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}
