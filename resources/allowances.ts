/** What the worker's identity may do at a scope. Source: REST API, "Permissions". */
export interface Permission {
  actions: string[];
  notActions: string[];
}

export interface LockFacts {
  /** Resource ID of the lock; what is before its `/providers/Microsoft.Authorization/locks/` is what it protects. */
  id: string;
  level: string;
}

/** A VM size that the input names. */
export interface VmSizeFacts {
  family: string;
  vCPUs: number;
  /** Why the subscription cannot have it in this region, if it cannot. */
  restriction?: string;
  /** Zones in which the subscription can have the size. */
  zones: string[];
}

export interface UsageFacts {
  used: number;
  limit: number;
}

export interface AllowanceRequest {
  subscriptionId: string;
  location: string;
  /** Resource IDs at which the worker's permissions matter, existing or not. */
  scopes: string[];
  vmSizes: string[];
}

/** What the worker's identity may do, and what nobody may. */
export interface AccessFacts {
  /** By scope, as {@link keyOf} spells it; scopes that do not exist, or where it has no role at all, are left out. */
  permissions: Record<string, Permission[]>;
  /** Those that may matter, of subscriptions whose locks the worker's identity may see. */
  locks: LockFacts[];
}

/** What the worker's identity and the subscription allow. */
export interface AllowanceFacts extends AccessFacts {
  vmSizes: Record<string, VmSizeFacts>;
  /** By VM family, lower case. */
  usages: Record<string, UsageFacts>;
}
