import { readAudit } from '@dotmac/platform';
import { addAuditTrail } from '@dotmac/schema';
import { builder } from '../builder.ts';

addAuditTrail(builder, {
  field: 'platformAuditTrail',
  type: 'PlatformAuditEntry',
  description: 'Who asked for which change on the platform itself, newest first; for operators.',
  scope: 'platform:read',
  read: ({ services }, filter, page) => readAudit(services.database as never, filter, page),
});
