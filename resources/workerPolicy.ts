/** The targets that a worker may work on. A key that is left out bounds nothing. `contract/policy.ts` says what each key means. */
export interface WorkerPolicy {
  scenarios?: string[];
  tenants?: string[];
  subscriptions?: string[];
  locations?: string[];
  resourceGroups?: string[];
  registries?: string[];
  deletable?: { resourceGroups?: string[]; registries?: string[] };
  approvals?: { starterMayApprove: boolean; required?: string[] };
}
