import { readAudit } from '@dotmac/platform';
import { addAuditTrail } from '@dotmac/schema';
import { builder } from '../builder.ts';

addAuditTrail(builder, {
  field: 'auditTrail',
  type: 'AuditEntry',
  description: 'Who asked for which change in this tenant, newest first.',
  scope: 'audit:read',
  read: ({ services }, filter, page) => readAudit(services.database as never, filter, page),
});
