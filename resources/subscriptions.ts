/** Names a resource group. */
export interface ResourceGroupReference {
  subscriptionId: string;
  name: string;
}

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
