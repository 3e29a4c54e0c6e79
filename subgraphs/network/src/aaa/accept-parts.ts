import type { Logger } from '@dotmac/platform';
import type { AcceptTemplate, Attribute } from '@dotmac/radius';
import { type ShapingPayload, shapingOf } from '@dotmac/schema';
import type { Garden, GardenReason } from '../garden/rules.ts';
import type { Nas } from '../nas/store.ts';
import { lentAttributes } from './lending.ts';
import type { PolicyAccess } from './policy-access.ts';
import type { RadiusPort } from './port.ts';

/** What an Access-Accept carries, made once: for everybody of one speed, and for one service. */
export class AcceptParts {
  readonly #radius: RadiusPort;
  readonly #garden: () => Garden;
  readonly #logger: Logger;
  /** By way of access and vendor profile; the memory keeps one object per speed. */
  #templates = new WeakMap<ShapingPayload, Map<GardenReason | null, Map<string, AcceptTemplate>>>();
  /** The garden that the templates are made for. */
  #templatesOf: Garden | null = null;

  /** @param garden the tenant's rules now: another object when they have changed. */
  constructor(radius: RadiusPort, garden: () => Garden, logger: Logger) {
    this.#radius = radius;
    this.#garden = garden;
    this.#logger = logger;
  }

  /** What a service has for good, encoded at its first login; null when pools or the NAS give it everything. */
  own(access: PolicyAccess): Uint8Array | null {
    if (access.own !== undefined) return access.own;
    const { address, staticIpv6Prefix, staticDelegatedPrefix } = access;
    const attributes = [
      ...(address === null ? [] : [{ name: 'Framed-IP-Address', value: address }]),
      ...(staticIpv6Prefix === null ? [] : lentAttributes('IPV6_PREFIX', staticIpv6Prefix)),
      ...(staticDelegatedPrefix === null ? [] : lentAttributes('DELEGATED_PREFIX', staticDelegatedPrefix)),
    ];
    access.own = attributes.length === 0 ? null : this.#radius.acceptBlock(attributes);
    return access.own;
  }

  /** What an accept carries for everybody of one speed; null when the profile cannot express it. */
  template(
    { vendorProfile, name }: Nas,
    { serviceId, shaping }: PolicyAccess,
    garden: GardenReason | null,
  ): AcceptTemplate | null {
    if (shaping === null) return null;
    const rules = this.#garden();
    if (this.#templatesOf !== rules) {
      this.#templates = new WeakMap();
      this.#templatesOf = rules;
    }
    const kept = this.#templates.get(shaping)?.get(garden)?.get(vendorProfile);
    if (kept !== undefined) return kept;
    try {
      const template = this.#radius.acceptTemplate(this.#attributesOf(vendorProfile, shaping, garden));
      this.#keep(shaping, garden, vendorProfile, template);
      return template;
    } catch (error) {
      // On the packet path: one speed that a vendor cannot express must not stop the others' logins.
      this.#logger.error({ error, serviceId, nas: name }, 'no reply can be made for a login');
      return null;
    }
  }

  #keep(
    shaping: ShapingPayload,
    garden: GardenReason | null,
    vendorProfile: string,
    template: AcceptTemplate,
  ): void {
    const ways = this.#templates.get(shaping) ?? new Map<GardenReason | null, Map<string, AcceptTemplate>>();
    const profiles = ways.get(garden) ?? new Map<string, AcceptTemplate>();
    this.#templates.set(shaping, ways.set(garden, profiles.set(vendorProfile, template)));
  }

  #attributesOf(vendorProfile: string, shaping: ShapingPayload, garden: GardenReason | null): Attribute[] {
    const { accessReplyAttributes, gardenAttributes } = this.#radius;
    const vendor = vendorProfile as Parameters<RadiusPort['accessReplyAttributes']>[0];
    const mode = garden === null ? 'open' : 'walledGarden';
    const attributes = accessReplyAttributes(vendor, shapingOf(shaping), mode);
    const rule = garden === null ? undefined : this.#garden().get(garden);
    if (garden === null || rule === undefined) return attributes;
    // The stable reason, for the portal and for whoever reads the router's log.
    const message = { name: 'Reply-Message', value: garden };
    return [...attributes, ...gardenAttributes(vendorProfile, rule), message];
  }
}
