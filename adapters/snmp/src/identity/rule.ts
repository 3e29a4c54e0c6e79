/**
 * Where a fact about a device stands. An object that is missing, empty or does not match its pattern is no fact, and
 * the next source counts. A plain string is the OID of a scalar with its instance.
 */
export type FactSource = string | FactObject;

export interface FactObject {
  /** A scalar with its instance; `{9}` in front stands for the first nine arcs of sysObjectID; */
  readonly oid?: string;
  /** or a column whose first row with a value counts, */
  readonly column?: string;
  /** or a text of the system group. */
  readonly from?: 'sysDescr' | 'sysName' | 'sysObjectId';
  /** A regular expression, case-insensitive; its first group is the value. */
  readonly pattern?: string;
  /** Puts the groups together otherwise: `$1 ($2)`. */
  readonly template?: string;
  /** In capitals, as on the box. */
  readonly upper?: true;
  /** What each raw value means (an enumeration, or a product's OID). Other values are no fact. */
  readonly values?: Readonly<Record<string, string>>;
  /** Put in front, where the object leaves out a part of the name. */
  readonly prefix?: string;
  /** What another object adds, where it has a value; `$` in the format stands for it: ` [$]`. */
  readonly suffix?: {
    readonly oid?: string;
    readonly column?: string;
    readonly pattern?: string;
    readonly format: string;
  };
}

/**
 * How a system (an operating system of a maker) shows itself, and where its model, version and serial stand. All
 * conditions given must hold. Written from the makers' documents; a rule is data.
 */
export interface SystemRule {
  /** Id of the operating system: lower case, digits, `-`, `_`; null when only the maker is told. */
  readonly os: string | null;
  /** The maker; null for systems that run on anybody's hardware. */
  readonly vendor: string | null;
  /** Prefixes of sysObjectID, ending at an arc; below 1.3.6.1.4.1 unless they begin with a dot. */
  readonly objectId?: readonly string[];
  /** Regular expression on sysDescr, case-insensitive. */
  readonly sysDescr?: string;
  /** Subtrees below 1.3.6.1.4.1, any of which the agent serves. Looked at when the system group is not enough. */
  readonly has?: readonly string[];
  /** The system group says little: look for the subtrees of other systems. */
  readonly generic?: true;
  /** Patterns on sysDescr with groups named model, version and serial. They count after the sources below. */
  readonly text?: readonly string[];
  readonly model?: readonly FactSource[];
  readonly version?: readonly FactSource[];
  readonly serial?: readonly FactSource[];
}
