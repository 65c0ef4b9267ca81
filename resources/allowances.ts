import type { Unread } from './unread.ts';
import { matchesWildcard } from './wildcards.ts';
import type { WorkerPolicy } from './workerPolicy.ts';

/** Actions that one role gives the worker's identity. Source: Azure REST API, "Permissions". */
export interface Permission {
  actions: string[];
  notActions: string[];
}

/** Whether roles give an action together. An exception takes away only what its own role gives. */
export const isAllowed = (action: string, permissions: readonly Permission[]): boolean =>
  permissions.some(
    ({ actions, notActions }) =>
      actions.some((pattern) => matchesWildcard(pattern, action)) &&
      !notActions.some((pattern) => matchesWildcard(pattern, action)),
  );

/** Actions that a deny assignment keeps from the worker's identity. Source: Azure REST API, "Deny Assignments". */
export interface Denial {
  /** Resource ID of the deny assignment. */
  id: string;
  /** As people know it. */
  name: string;
  /** The scope that it protects. */
  scope: string;
  permissions: Permission[];
  /** Whether it leaves alone what is below its scope. Left out: it does not. */
  onlyAtScope?: true;
  /** Why it may be about others only. Left out: it is about the worker's identity. */
  doubt?: string;
}

/** A lock on a resource, a group or a subscription. Source: Azure REST API, "Management Locks". */
export interface LockFacts {
  /** Resource ID of the lock. It begins with the ID of the resource that the lock protects. */
  id: string;
  /** `CanNotDelete` or `ReadOnly`. */
  level: string;
}

/** A VM size that the input names. Source: Azure REST API, "Resource Skus". */
export interface VmSizeFacts {
  family: string;
  vCPUs: number;
  /** Why the subscription cannot have the size in this region. Left out: it can. */
  restriction?: string;
  /** Zones in which the subscription can have the size. */
  zones: string[];
}

/** Used and available vCPUs of a VM family. Source: Azure REST API, "Usage". */
export interface UsageFacts {
  used: number;
  limit: number;
}

/** Scopes and VM sizes whose permissions, locks and quota matter. */
export interface AllowanceRequest {
  subscriptionId: string;
  location: string;
  /** Resource IDs at which the worker's permissions matter, existing or not. */
  scopes: string[];
  vmSizes: string[];
}

/** Permissions of the worker's identity, and locks. */
export interface AccessFacts {
  /** By scope, as {@link keyOf} spells it. A scope is left out if it does not exist, or if the identity has no role there. */
  permissions: Record<string, Permission[]>;
  /** Whether the permissions include those to read. Left out by version 0.1, which did not keep them. */
  reads?: true;
  /** Locks at the scopes, above and below them, as far as they could be read. */
  locks: LockFacts[];
  /** Deny assignments at the scopes and above them, as far as they could be read. Left out: none. Version 0.1 did not look. */
  denials?: Denial[];
  /** The policy of the worker that looked. Left out: it may work on everything, as by earlier versions. */
  policy?: WorkerPolicy;
  /** Parts that could not be read. Left out where all was read, and by earlier versions. */
  unread?: Unread[];
}

/** Permissions and locks, and the VM sizes and quota that the subscription has in the region. */
export interface AllowanceFacts extends AccessFacts {
  /** Left out where they may not be read. */
  vmSizes?: Record<string, VmSizeFacts>;
  /** By VM family, lower case. */
  usages: Record<string, UsageFacts>;
}
