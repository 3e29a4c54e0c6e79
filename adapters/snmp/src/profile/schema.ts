/**
 * A device profile: knowledge about a family of devices as data. Which objects carry which reading, in which unit,
 * with which names; nothing in it is code. Units are those of the probe contract: °C, V, A, W, Hz, rpm, %, dBm,
 * MHz, bit/s, minutes.
 */
export interface Profile {
  readonly id: string;
  /**
   * `recordings`: written from what a few devices answer, without the maker's document at hand; so its units were
   * judged by their size, and want a look when the device's own page is at hand. `reports`: from what several
   * operators of such devices say in public and agree on, with neither document nor recording. Otherwise from the MIB.
   */
  readonly evidence?: 'recordings' | 'reports';
  /** What it was written from: `MODULE: objects`, for whoever wants to look a value up. */
  readonly sources?: readonly string[];
  readonly match: ProfileMatch;
  readonly identity?: {
    readonly model?: readonly IdentitySource[];
    readonly version?: readonly IdentitySource[];
    readonly serial?: readonly IdentitySource[];
  };
  readonly processors?: readonly ProcessorSource[];
  readonly memory?: readonly MemorySource[];
  /** Tables of ports outside IF-MIB. */
  readonly ports?: readonly PortSource[];
  readonly sensors?: readonly SensorSource[];
  readonly wireless?: readonly SensorSource[];
  /** Enumerations that several sources share, by name. */
  readonly states?: Readonly<Record<string, States>>;
}

/** Any of the conditions given. `always` is for standard MIBs. */
interface ProfileMatch {
  readonly always?: true;
  readonly os?: readonly string[];
  /** Private enterprise numbers: of sysObjectID, or of a private subtree the device has. */
  readonly enterprise?: readonly number[];
  /** A MIB that several makers repeat below numbers of their own; objects begin with `{branch}`. See `layouts.ts`. */
  readonly layout?: {
    /** Where to look: below `{maker}`, each maker's number, or below the first arcs of sysObjectID, such as `{10}`. */
    readonly branches: readonly string[];
    /** Below a branch, what must all be there for the MIB to be. */
    readonly signs: readonly string[];
  };
}

/** The first source with a value counts. */
export interface IdentitySource {
  /** A scalar with its instance, or a column whose first non-empty row counts. */
  readonly oid?: string;
  readonly column?: string;
  readonly from?: 'sysDescr' | 'sysName';
  /** A regular expression; its first group is the value, and no match is no value. */
  readonly pattern?: string;
}

interface Source {
  /** A scalar with its instance, */
  readonly oid?: string;
  /** or a column of a table. */
  readonly column?: string;
  /** Fixed name; for a column, `{index}` stands for the row's index. */
  readonly name: string;
  /** Column of the same table that names the row. */
  readonly nameColumn?: string;
  /** Scalar that names the scalar. */
  readonly nameOid?: string;
  /** The row is named by its index: text, one number a character, its length before it. */
  readonly textIndex?: true;
}

export interface Scale {
  readonly multiplier?: number;
  readonly divisor?: number;
  /** Values that mean "no reading". */
  readonly absent?: readonly number[];
  /** Scaled values above it are ten times too large: cards that send tenths where the MIB has whole units. */
  readonly tenthAbove?: number;
  /** What the scaled value is, when it is not yet in the unit of its class. */
  readonly convert?: Conversion;
}

/**
 * Watts to dBm; degrees Fahrenheit to Celsius; number of an IEEE 802.11 channel to MHz (a number above 2000 is MHz);
 * microwatts when positive, else hundredths of a dBm, to dBm; an octet to the signed number it holds;
 * the level in an ONU's ANI-G (ITU-T G.988, 9.2.1), signed sixteen bits of 0.002 dB, here above 1 µW, to dBm.
 */
export type Conversion =
  | 'wattsToDbm'
  | 'fahrenheit'
  | 'channelToMhz'
  | 'microwattsOrCentiDbm'
  | 'signedOctet'
  | 'signedDbMicrowatts';

export interface ProcessorSource extends Source, Scale {
  /** The object gives the idle share. */
  readonly idle?: true;
  /** A regular expression on a text whose first group is the share. */
  readonly pattern?: string;
  /** A regular expression on the index: rows it does not match are other averages of the same processor. */
  readonly rows?: string;
  /** Counts only when no source before it in the profile gave a reading. */
  readonly fallback?: true;
}

/** Two of total, used and free, in units of `unitBytes`; or a percentage, alone or of a total that must be there. */
export interface MemorySource {
  readonly name: string;
  readonly nameColumn?: string;
  /** Columns of one table; scalars when they end in an instance and `scalar` is set. */
  readonly scalar?: true;
  readonly total?: string;
  readonly used?: string;
  readonly free?: string;
  readonly percent?: string;
  readonly unitBytes?: number;
  /** Counts only when no source before it in the profile gave a reading. */
  readonly fallback?: true;
}

/** Columns of one table of ports. Its rows fill in what IF-MIB leaves out; those that it has not at all are added. */
export interface PortSource {
  /**
   * A regular expression: the first row is of the first port with such a name in IF-MIB, and counts before it. For ports
   * whose packets are forwarded in hardware, while the kernel's counters and state of the same port stand still.
   */
  readonly port?: string;
  readonly name?: string;
  readonly alias?: string;
  readonly adminStatus?: string;
  readonly operStatus?: string;
  /** What the raw numbers of both states mean. */
  readonly statuses?: Readonly<
    Record<string, 'up' | 'down' | 'testing' | 'unknown' | 'dormant' | 'notPresent'>
  >;
  readonly speed?: string;
  /** Bits per second of one; 1 when left out. */
  readonly speedUnit?: number;
  readonly inOctets?: string;
  readonly outOctets?: string;
  /** ifIndex is the last number of the index, or the place of the row in the table; plus `offset`. */
  readonly numbered?: 'order';
  readonly offset?: number;
}

/** What a row measures. */
export interface Kind extends Scale {
  readonly class: string;
  readonly states?: States | string;
  /** For objects that say their state in words: by the word in lower case, a number of ours and the severity. */
  readonly texts?: Readonly<Record<string, readonly [value: number, severity: Severity]>>;
}

export interface SensorSource extends Source, Kind {
  /** Chooses class and scale for each row; a row that fits no case is left out. */
  readonly variant?: Variant;
  /** A regular expression on the index; rows it does not match are another kind of reading. */
  readonly rows?: string;
  /** Column of the same table, or a scalar (a setting of the box); only rows with one of these numbers in it are there. */
  readonly when?: { readonly column?: string; readonly oid?: string; readonly values: readonly number[] };
  /** One reading for the whole column, under the object of its first row: how many rows it has, or their sum. */
  readonly aggregate?: 'rows' | 'sum';
  /** Column of the same table whose number is the power of ten of the value. */
  readonly exponentColumn?: string;
  /** Column of the same table whose number is how many decimal places the value has. */
  readonly precisionColumn?: string;
  /** Column of the same table whose number divides the value when below zero, and multiplies it when above. */
  readonly signedScaleColumn?: string;
  /** Column of the same table whose number divides the value. */
  readonly divisorColumn?: string;
  /** The value is an octet string of bits (BITS, RFC 2578 §7.1.4): its first octet is the number. */
  readonly bits?: true;
  /** A table shaped as ENTITY-SENSOR-MIB: type, scale, precision, value and status are columns 1 to 5 of this entry. */
  readonly entitySensors?: true;
  /** Takes the first number out of text such as `23.4 C`. */
  readonly text?: true;
  /** How gently it is polled: optics of a line card hourly, since it suffers from being asked. Else every few minutes. */
  readonly care?: 'hourly';
  /** Objects with the device's own limits, in the scale of the value: columns with the same index, or scalars beside a scalar. */
  readonly limits?: Readonly<Partial<Record<LimitName, string>>>;
  /** With `entitySensors`: a table of limits shaped as entSensorThresholdTable (CISCO-ENTITY-SENSOR-MIB), by its entry. */
  readonly thresholds?: string;
}

export type LimitName = 'lowCritical' | 'lowWarning' | 'highWarning' | 'highCritical';

/** By the value of a column, of a scalar, by the last number of the index, or by patterns on the row's name. */
export type Variant =
  | { readonly column: string; readonly cases: Readonly<Record<string, Kind>> }
  | { readonly oid: string; readonly cases: Readonly<Record<string, Kind>> }
  | { readonly lastIndex: true; readonly cases: Readonly<Record<string, Kind>> }
  | { readonly names: readonly (Kind & { readonly pattern: string })[] };

export type Severity = 'ok' | 'warning' | 'critical' | 'unknown';
type States = Readonly<Record<string, readonly [text: string, severity: Severity]>>;
