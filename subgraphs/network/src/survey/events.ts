import type { TenantDatabase } from '@dotmac/migrations';
import type { EventConsumer } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Surveyor } from './surveyor.ts';

/** A port that changed has other neighbours, perhaps: its device is surveyed again soon. */
export function surveyOnChange(surveyor: Surveyor): EventConsumer<TenantDatabase, TenantEvents> {
  return {
    name: 'network.survey-on-change',
    types: ['interface.state.changed'],
    async handle(event) {
      if (event.type === 'interface.state.changed') surveyor.soon(event.payload.deviceId);
    },
  };
}
