/**
 * A device profile: knowledge about a family of devices as data. Which objects carry which reading, in which unit,
 * with which names; nothing in it is code. Units are those of the probe contract: °C, V, A, W, Hz, rpm, %, dBm,
 * MHz, bit/s, minutes.
 */
export interface Profile {
  readonly id: string;
  readonly match: ProfileMatch;
  readonly identity?: {
    /** Systems that the system group does not tell apart: the first whose object is there. */
    readonly os?: readonly SystemSource[];
    readonly model?: readonly IdentitySource[];
    readonly version?: readonly IdentitySource[];
    readonly serial?: readonly IdentitySource[];
  };
  readonly processors?: readonly ProcessorSource[];
  readonly memory?: readonly MemorySource[];
  readonly sensors?: readonly SensorSource[];
  readonly wireless?: readonly SensorSource[];
}

/** Any of the conditions given. `always` is for standard MIBs. */
interface ProfileMatch {
  readonly always?: true;
  readonly os?: readonly string[];
  /** Private enterprise numbers of sysObjectID. */
  readonly enterprise?: readonly number[];
}

/** An object that only this system has. */
export interface SystemSource {
  readonly os: string;
  readonly vendor: string;
  readonly oid?: string;
  readonly column?: string;
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
}

export interface Scale {
  readonly multiplier?: number;
  readonly divisor?: number;
  /** Values that mean "no reading". */
  readonly absent?: readonly number[];
}

export interface ProcessorSource extends Source, Scale {
  /** The object gives the idle share. */
  readonly idle?: true;
}

/** Two of total, used and free, in units of `unitBytes`; or a percentage, with the total where there is one. */
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
}

export interface SensorSource extends Source, Scale {
  readonly class: string;
  /** Column of the same table whose value chooses class and scale; rows with another value are left out. */
  readonly variant?: {
    readonly column: string;
    readonly cases: Readonly<Record<string, Scale & { readonly class: string; readonly states?: States }>>;
  };
  /** For `state`: what each number means. */
  readonly states?: States;
  /** A table shaped as ENTITY-SENSOR-MIB: type, scale, precision, value and status are columns 1 to 5 of this entry. */
  readonly entitySensors?: true;
  /** Takes the first number out of text such as `23.4 C`. */
  readonly text?: true;
  /** Value is a power in watts after scaling, to be shown in dBm. */
  readonly wattsToDbm?: true;
}

export type Severity = 'ok' | 'warning' | 'critical' | 'unknown';
export type States = Readonly<Record<string, readonly [text: string, severity: Severity]>>;
