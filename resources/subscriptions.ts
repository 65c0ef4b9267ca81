/** Names a resource group. */
export interface ResourceGroupReference {
  subscriptionId: string;
  name: string;
}

/** Whether a group is there and is going. Everything in it goes before. */
export const isGoing = (group: Pick<ResourceGroupFacts, 'provisioningState'> | undefined): boolean =>
  group?.provisioningState === 'Deleting';

export interface ResourceGroupFacts {
  location: string;
  provisioningState: string;
  tags: Record<string, string>;
}

export interface SubscriptionFacts {
  /** As Azure spells it; writes need `Enabled`. Left out where the worker may not read it, as are the next. */
  state?: string;
  tenantId?: string;
}
