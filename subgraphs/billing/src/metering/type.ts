import type { Account } from '../account/store.ts';
import { builder } from '../builder.ts';

export const PlatformAccountRef = builder.objectRef<Account>('PlatformAccount');
