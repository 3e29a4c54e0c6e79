import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Case, Runner } from './case-file.ts';
import { CHARGE_KINDS } from './charge-kinds.ts';
import { DOCUMENT_KINDS } from './document-kinds.ts';
import { FIGURE_KINDS } from './figure-kinds.ts';

/*
 * Runs the engine-agnostic cases that lie beside the repository, where they are present. The file's own figures are
 * the expectations; where a case says that DotMac's convention differs, ours are.
 */

const FILE = new URL('../../../../../shared/data/billing/cases.json', import.meta.url);
const present = existsSync(FILE);
const cases: Case[] = present ? JSON.parse(readFileSync(FILE, 'utf8')).cases : [];
const kinds: Record<string, Runner> = { ...CHARGE_KINDS, ...DOCUMENT_KINDS, ...FIGURE_KINDS };

/** By which convention a case is to come out: that of where it is from, or ours and why. */
function conventionOf({ convention, recommended_convention: ours }: Case): string {
  if (ours.differs === true) {
    if (ours.why === undefined) throw new Error('a case that comes out otherwise here does not say why');
    return `ours: ${ours.why}`;
  }
  const theirs = Object.entries(convention).map(([what, how]) => `${what} ${how}`);
  return theirs.length === 0 ? 'the only one' : `theirs: ${theirs.join(', ')}`;
}

describe.skipIf(!present)('billing cases beside the repository', () => {
  it('are there', () => expect(cases.length).toBeGreaterThan(0));
  it.each(cases.map((one) => [one.id, one.title, conventionOf(one), one] as const))(
    '%s %s (%s)',
    (...[, , , one]) => {
      const run = kinds[one.kind];
      if (!run) throw new Error(`no runner for kind "${one.kind}"`);
      expect.hasAssertions();
      run(one);
    },
  );
});
