import { readMailbox, ValidationError } from '@dotmac/schema';

export const customerStates = ['PROSPECT', 'ACTIVE', 'INACTIVE', 'CLOSED'] as const;
export type CustomerState = (typeof customerStates)[number];

export interface NewCustomer {
  readonly name: string;
  readonly email: string | null;
  readonly phone: string | null;
}

/**
 * Checks and tidies what somebody typed: surrounding blanks go, e-mail addresses are lower case.
 * @throws ValidationError naming the field.
 */
export function normaliseCustomer(input: {
  readonly name: string;
  readonly email?: string | null | undefined;
  readonly phone?: string | null | undefined;
}): NewCustomer {
  const name = input.name.trim();
  if (name === '' || name.length > 200)
    throw new ValidationError('input.name', 'A customer needs a name of 1 to 200 characters');
  const email = input.email?.trim() ? readMailbox('input.email', input.email) : null;
  return { name, email, phone: input.phone?.trim() || null };
}
