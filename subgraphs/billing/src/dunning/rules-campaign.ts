import { currencyCode } from '@dotmac/platform/money/currency';
import { shapingOf, ValidationError } from '@dotmac/schema';
import { checkShaping } from '../catalogue/rules.ts';
import type { Campaign, DunningStep } from './rules.ts';

const mostSteps = 20;

/**
 * A campaign whose steps make sense in their order: days never go back, a slow step has its speeds, and nobody is slowed
 * down who is cut off already.
 * @throws ValidationError naming the step.
 */
export function checkCampaign({ steps, thresholds }: Pick<Campaign, 'steps' | 'thresholds'>): void {
  for (const [index, [currency, minor]] of Object.entries(thresholds).entries()) {
    const field = `input.thresholds[${index}]`;
    if (currencyCode(currency) === undefined)
      throw new ValidationError(`${field}.currency`, `${currency} is not an ISO 4217 currency`);
    if (minor <= 0n)
      throw new ValidationError(
        `${field}.amount`,
        'A threshold is more than 0; without one, everything counts',
      );
  }
  if (steps.length > mostSteps)
    throw new ValidationError('input.steps', `A campaign has at most ${mostSteps} steps`);
  const seen = new Set<string>();
  for (const [index, step] of steps.entries()) {
    const field = `input.steps[${index}]`;
    if (seen.has(step.id)) throw new ValidationError(`${field}.id`, `There are two steps ${step.id}`);
    seen.add(step.id);
    checkStep(step, field);
    const before = steps[index - 1];
    if (before === undefined) continue;
    if (step.daysAfterDue < before.daysAfterDue)
      throw new ValidationError(
        `${field}.daysAfterDue`,
        `Steps are in order: ${before.id} comes first, after ${before.daysAfterDue} days`,
      );
    if (before.action === 'terminate')
      throw new ValidationError(field, `Nothing comes after ${before.id}: there are no services any more`);
    if (before.action === 'walledGarden' && step.action !== 'terminate')
      throw new ValidationError(
        field,
        `Only the end comes after ${before.id}: the services are closed by then`,
      );
  }
  checkEnd(steps);
}

/** Nobody loses his services who was not told and closed before, nor on the same day. @throws ValidationError */
function checkEnd(steps: readonly DunningStep[]): void {
  const index = steps.findIndex(({ action }) => action === 'terminate');
  const end = steps[index];
  if (end === undefined) return;
  const field = `input.steps[${index}]`;
  if (steps[index - 1]?.action !== 'walledGarden')
    throw new ValidationError(
      `${field}.action`,
      'A step that ends services comes after one that closes them',
    );
  if (end.minimumDaysAfterPrevious < 1)
    throw new ValidationError(
      `${field}.minimumDaysAfterPrevious`,
      'Services end at least a day after they were closed',
    );
}

function checkStep(step: DunningStep, field: string): void {
  const { id, daysAfterDue, minimumDaysAfterPrevious, action, slowTo } = step;
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(id))
    throw new ValidationError(`${field}.id`, 'An id is a word such as second-reminder');
  for (const [name, days] of Object.entries({ daysAfterDue, minimumDaysAfterPrevious }))
    if (days < 0 || days > 365) throw new ValidationError(`${field}.${name}`, 'Between 0 and 365 days');
  if (action === 'slow') {
    if (slowTo === undefined)
      throw new ValidationError(`${field}.slowTo`, 'Say which speeds are left: a slow step has some');
    checkShaping(shapingOf(slowTo), `${field}.slowTo`);
  } else if (slowTo !== undefined)
    throw new ValidationError(`${field}.slowTo`, 'Only a slow step leaves speeds');
}
