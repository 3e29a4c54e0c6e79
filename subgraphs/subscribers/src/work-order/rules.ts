export const workOrderStates = [
  'PENDING',
  'ASSIGNED',
  'TRAVELLING',
  'IN_PROGRESS',
  'BLOCKED',
  'COMPLETED',
  'FAILED',
] as const;
export type WorkOrderState = (typeof workOrderStates)[number];

const next: Readonly<Record<WorkOrderState, readonly WorkOrderState[]>> = {
  PENDING: ['ASSIGNED', 'FAILED'],
  ASSIGNED: ['PENDING', 'TRAVELLING', 'IN_PROGRESS', 'FAILED'],
  TRAVELLING: ['ASSIGNED', 'IN_PROGRESS', 'FAILED'],
  IN_PROGRESS: ['BLOCKED', 'COMPLETED', 'FAILED'],
  BLOCKED: ['IN_PROGRESS', 'FAILED'],
  COMPLETED: [],
  FAILED: [],
};

/** What a work order may become; what has ended stays. */
export const nextStates = (state: WorkOrderState): readonly WorkOrderState[] => next[state];

/** What is missing for a work order to be in a state: a name, where somebody goes; a report, where it ended. */
export function missingFor(
  state: WorkOrderState,
  { technician, report }: { readonly technician: string | null; readonly report: string | null },
): 'technician' | 'report' | undefined {
  if (state !== 'PENDING' && state !== 'FAILED' && technician === null) return 'technician';
  return (state === 'COMPLETED' || state === 'FAILED') && report === null ? 'report' : undefined;
}
