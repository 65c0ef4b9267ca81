import type { Marks } from './marks.ts';

/** Facts that every resource has. */
export interface ResourceFacts {
  id: string;
  provisioningState: string;
  marks: Marks;
}

/** Whether an operation has ended. Azure's list of states is open: a state that is not known to be final means running. */
export const isFinal = (provisioningState: string): boolean =>
  /^(succeeded|failed|cancell?ed)$/i.test(provisioningState);
export const isFailed = (provisioningState: string): boolean => /^(failed|cancell?ed)$/i.test(provisioningState);
