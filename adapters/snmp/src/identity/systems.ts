import table from './systems.json' with { type: 'json' };

/** How an operating system shows itself in the system group. All conditions given must hold. */
export interface SystemRule {
  readonly os: string;
  readonly vendor: string | null;
  /** Prefixes of sysObjectID below 1.3.6.1.4.1, ending at an arc. */
  readonly objectId?: readonly string[];
  /** Regular expression on sysDescr, case-insensitive. */
  readonly sysDescr?: string;
  /** Regular expressions on sysDescr whose first group is the value. */
  readonly version?: string;
  readonly model?: string;
}

const rules: readonly SystemRule[] = table;
const compiled = rules.map((rule) => ({
  rule,
  sysDescr: rule.sysDescr === undefined ? null : new RegExp(rule.sysDescr, 'i'),
}));

/**
 * The system a device shows, or null. Of the rules that hold, the one with the longest sysObjectID prefix wins,
 * and among equals the one that also looks at sysDescr.
 */
export function systemOf(device: {
  readonly sysObjectId: string | null;
  readonly sysDescr: string | null;
}): SystemRule | null {
  let best: SystemRule | null = null;
  let bestScore = -1;
  for (const { rule, sysDescr } of compiled) {
    let prefix = 0;
    if (rule.objectId !== undefined) {
      const holding = rule.objectId.filter((branch) =>
        `${device.sysObjectId ?? ''}.`.startsWith(`1.3.6.1.4.1.${branch}.`),
      );
      if (holding.length === 0) continue;
      prefix = Math.max(...holding.map((branch) => branch.split('.').length));
    }
    if (sysDescr !== null && !sysDescr.test(device.sysDescr ?? '')) continue;
    const score = prefix * 2 + (sysDescr === null ? 0 : 1);
    if (score > bestScore) {
      best = rule;
      bestScore = score;
    }
  }
  return best;
}

/** First group of a pattern in a text, or null. */
export function extract(text: string | null, pattern: string | undefined): string | null {
  if (text === null || pattern === undefined) return null;
  return new RegExp(pattern, 'i').exec(text)?.[1]?.trim() || null;
}
