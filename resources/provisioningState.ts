import type { Marks } from './marks.ts';

/** What every resource's facts have. Azure's list of states is open. */
export interface ResourceFacts {
  id: string;
  provisioningState: string;
  marks: Marks;
}

/** Azure's list of states is open: what is not known to be final is running. */
export const isFinal = (provisioningState: string): boolean =>
  /^(succeeded|failed|cancell?ed)$/i.test(provisioningState);
export const isFailed = (provisioningState: string): boolean => /^(failed|cancell?ed)$/i.test(provisioningState);
