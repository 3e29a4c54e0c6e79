import { builder } from '../builder.ts';
import type { ProvisioningJob, ProvisioningStep } from './store.ts';

export const ProvisioningJobRef = builder.objectRef<ProvisioningJob>('ProvisioningJob');
export const ProvisioningStepRef = builder.objectRef<ProvisioningStep>('ProvisioningStep');
export const ProgressEnum = builder.enumType('ProvisioningState', {
  values: ['RUNNING', 'SUCCEEDED', 'FAILED'] as const,
});
