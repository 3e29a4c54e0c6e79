/** Data types of RFC 8044, with FreeRADIUS' names for them and its few extras. */
export const attributeDataTypes = [
  'string',
  'octets',
  'integer',
  'byte',
  'short',
  'signed',
  'integer64',
  'date',
  'ipaddr',
  'ipv4prefix',
  'ipv6addr',
  'ipv6prefix',
  'combo-ip',
  'ifid',
  'ether',
  'abinary',
  'tlv',
  'extended',
  'long-extended',
  'evs',
  'vsa',
] as const;
export type AttributeDataType = (typeof attributeDataTypes)[number];

/** How a value is hidden: 1 User-Password (RFC 2865 §5.2), 2 salt (RFC 2868 §3.5), 3 Ascend. */
export type Encryption = 0 | 1 | 2 | 3;

export interface AttributeDefinition {
  readonly name: string;
  /** Numbers from the outside in, dotted: `1`, `26.14988.8`, `241.5.1`. */
  readonly oid: string;
  readonly path: readonly number[];
  readonly type: AttributeDataType;
  /** Octets, for fixed-length `octets[n]` and `string[n]`. */
  readonly length: number | null;
  readonly hasTag: boolean;
  readonly encrypt: Encryption;
  /** Split over several attributes and joined again (EAP-Message). */
  readonly concat: boolean;
  /** Several values of fixed size in one attribute. */
  readonly array: boolean;
  readonly valueNames: ReadonlyMap<bigint, string>;
  readonly valueNumbers: ReadonlyMap<string, bigint>;
}

/** A vendor's private enterprise number and the shape of its sub-attributes. */
export interface VendorDefinition {
  readonly number: number;
  readonly name: string;
  readonly typeOctets: 1 | 2 | 4;
  readonly lengthOctets: 0 | 1 | 2;
  /** WiMAX' continuation octet. */
  readonly continuation: boolean;
}

/** Attributes by number and by name. The first name of a number wins on decode; every alias encodes. */
export interface Dictionary {
  readonly vendors: ReadonlyMap<number, VendorDefinition>;
  readonly byOid: ReadonlyMap<string, AttributeDefinition>;
  attribute(name: string): AttributeDefinition | undefined;
  /** Every name with its attribute, aliases included, in order of definition. */
  entries(): IterableIterator<AttributeDefinition>;
}

interface MutableAttribute extends AttributeDefinition {
  readonly valueNames: Map<bigint, string>;
  readonly valueNumbers: Map<string, bigint>;
}

export interface NewAttribute {
  readonly name: string;
  readonly path: readonly number[];
  readonly type: AttributeDataType;
  readonly length?: number | null;
  readonly hasTag?: boolean;
  readonly encrypt?: Encryption;
  readonly concat?: boolean;
  readonly array?: boolean;
}

/** Collects definitions; `build` gives the dictionary. Names are compared without case. */
export class DictionaryBuilder {
  readonly #vendors = new Map<number, VendorDefinition>();
  readonly #vendorNames = new Map<string, VendorDefinition>();
  readonly #byOid = new Map<string, MutableAttribute>();
  readonly #byName = new Map<string, MutableAttribute>();
  #values = 0;

  /** Starts from an existing dictionary, which is not changed. */
  constructor(base?: Dictionary) {
    if (base === undefined) return;
    for (const vendor of base.vendors.values()) this.addVendor(vendor);
    for (const definition of base.entries()) {
      this.addAttribute(definition);
      for (const [number, name] of definition.valueNames) this.addValue(definition.name, name, number);
      for (const [name, number] of definition.valueNumbers) this.addValue(definition.name, name, number);
    }
  }

  addVendor(vendor: VendorDefinition): void {
    if (!this.#vendors.has(vendor.number)) this.#vendors.set(vendor.number, vendor);
    this.#vendorNames.set(vendor.name.toLowerCase(), vendor);
  }

  vendor(name: string): VendorDefinition | undefined {
    return this.#vendorNames.get(name.toLowerCase());
  }

  attribute(name: string): AttributeDefinition | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  vendorOf(number: number): VendorDefinition | undefined {
    return this.#vendors.get(number);
  }

  /** The first that was named with these numbers. */
  attributeAt(oid: string): AttributeDefinition | undefined {
    return this.#byOid.get(oid);
  }

  /** How much there is; definitions that come again count once. */
  get counts(): { readonly vendors: number; readonly attributes: number; readonly values: number } {
    return { vendors: this.#vendors.size, attributes: this.#byName.size, values: this.#values };
  }

  addAttribute(attribute: NewAttribute): AttributeDefinition {
    const oid = attribute.path.join('.');
    const first = this.#byOid.get(oid);
    const definition: MutableAttribute = {
      name: attribute.name,
      oid,
      path: attribute.path,
      type: attribute.type,
      length: attribute.length ?? null,
      hasTag: attribute.hasTag ?? false,
      encrypt: attribute.encrypt ?? 0,
      concat: attribute.concat ?? false,
      array: attribute.array ?? false,
      valueNames: first?.valueNames ?? new Map(),
      valueNumbers: first?.valueNumbers ?? new Map(),
    };
    if (first === undefined) this.#byOid.set(oid, definition);
    this.#byName.set(attribute.name.toLowerCase(), definition);
    return definition;
  }

  /** Names a number of an attribute; `false` when the attribute is unknown. */
  addValue(attribute: string, name: string, number: bigint): boolean {
    const definition = this.#byName.get(attribute.toLowerCase());
    if (definition === undefined) return false;
    if (!definition.valueNames.has(number)) definition.valueNames.set(number, name);
    if (!definition.valueNumbers.has(name.toLowerCase())) this.#values++;
    definition.valueNumbers.set(name.toLowerCase(), number);
    return true;
  }

  build(): Dictionary {
    const byName = this.#byName;
    return {
      vendors: this.#vendors,
      byOid: this.#byOid,
      attribute: (name) => byName.get(name) ?? byName.get(name.toLowerCase()),
      entries: () => byName.values(),
    };
  }
}
