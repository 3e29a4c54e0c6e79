import { builder } from '../builder.ts';
import { formatDay } from '../calendar/rules.ts';
import { PreviewDocumentRef } from '../run/graphql.ts';
import type { AccountPreview } from './rules.ts';

export const AccountPreviewRef = builder.objectRef<AccountPreview>('AccountPreview').implement({
  description: 'What the customer would be charged: today, and on the next day on which something is due.',
  fields: (t) => ({
    now: t.field({
      type: PreviewDocumentRef,
      nullable: true,
      description: 'Null when nothing would be due today.',
      resolve: ({ now }) => now,
    }),
    nextOn: t.field({
      type: 'LocalDate',
      nullable: true,
      resolve: ({ nextOn }) => (nextOn === null ? null : formatDay(nextOn)),
    }),
    next: t.field({
      type: PreviewDocumentRef,
      nullable: true,
      description: 'As if what is due today had been issued.',
      resolve: ({ next }) => next,
    }),
  }),
});
