import { randomBytes } from 'node:crypto';
import { appendEvents } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import { desiredMode, passwordFrom } from '../access/rules.ts';
import { insertAccess, passwordPurpose, planShaping, updateAccess } from '../access/store.ts';
import type { NetworkServices } from '../builder.ts';
import { noLimits } from '../login-limit/rules.ts';
import { noTerms } from '../login-term/rules.ts';
import { accessName, type Voucher } from './rules.ts';
import { insertVoucher, takeVoucher } from './store.ts';

/**
 * The first login with a voucher: its time runs, and an access under its id is there, held to the line that came. However
 * many try at once, in however many processes, one of them begins it.
 * @returns false while the speed of its plan is not known here: no time runs then.
 */
export async function beginVoucher(
  { database, secrets, clock }: NetworkServices,
  voucher: Voucher,
  mac: string | null,
): Promise<boolean> {
  const { id, planId, validSeconds, octets } = voucher;
  return database.transaction().execute(async (transaction) => {
    const shaping = await planShaping(transaction, planId);
    if (shaping === null) return false;
    const now = clock.now();
    // This process may have heard of it before the consumer did.
    await insertVoucher(transaction, voucher);
    if (!(await takeVoucher(transaction, id, new Date(now)))) return true;
    const until = new Date(now + validSeconds * 1000).toISOString();
    await insertAccess(transaction, {
      serviceId: id,
      customerId: id,
      planId,
      username: accessName(id),
      // Whoever knows the code is let in; this one nobody knows.
      password: secrets.seal(passwordFrom(randomBytes(64)), passwordPurpose(id)),
      deviceId: null,
      shaping,
      createdAt: new Date(now),
    });
    await updateAccess(transaction, id, {
      terms: { ...noTerms, validUntil: until, totalOctets: octets, voucher: true },
      mode: desiredMode([]),
      readyAt: new Date(now),
      ...(mac === null ? {} : { limits: { ...noLimits, macLimit: 1, macs: [mac] } }),
    });
    await appendEvents<TenantEvents>(transaction, [
      {
        type: 'voucher.used',
        subject: id,
        payload: { voucherId: id, mac, until },
        occurredAt: now,
        actor: 'system:radius',
      },
    ]);
    return true;
  });
}
