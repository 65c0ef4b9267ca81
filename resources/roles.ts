import { keyOf } from './ids.ts';

/** The roles that a cluster needs. Some may have been assigned a moment ago, so that Azure does not act on them yet. */
export interface RolePropagation {
  roles: RoleSpecification[];
  /** Object IDs of the principals that hold them. */
  principals: { [H in RoleHolder]?: string };
  /** Bound on the wait. Azure documents up to ten minutes. */
  timeoutMinutes: number;
}

/** Azure's built-in roles that a scenario grants, or accepts in their place. Source: Learn, "Azure built-in roles". */
export const builtInRoles = {
  owner: { name: 'Owner', id: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635' },
  contributor: { name: 'Contributor', id: 'b24988ac-6180-42a0-ab88-20f7382dd24c' },
  networkContributor: { name: 'Network Contributor', id: '4d97b98b-1d4f-4787-a291-c67834d212e7' },
  managedIdentityOperator: { name: 'Managed Identity Operator', id: 'f1a07417-d97a-45cb-824c-7a7467783830' },
  acrPull: { name: 'AcrPull', id: '7f951dda-4ed3-4680-a7ca-43fe172d538d' },
  containerRegistryRepositoryReader: {
    name: 'Container Registry Repository Reader',
    id: 'b93aa761-3e63-49ed-ac28-beffa264f7ac',
  },
} as const;
export type BuiltInRole = keyof typeof builtInRoles;

/** A role that an identity of the cluster must hold at a scope. */
export interface RoleSpecification {
  role: BuiltInRole;
  /** Resource ID. */
  scope: string;
  holder: RoleHolder;
}

export const roleHolders = ['controlPlane', 'kubelet'] as const;
/** Which of the cluster's identities holds a role. */
export type RoleHolder = (typeof roleHolders)[number];

/** The roles that a principal holds at a scope, by the IDs of their definitions. */
export interface HeldRoles {
  /** Without conditions, there or above. */
  roles: string[];
  /**
   * Conditions of the roles that are held at this very scope with a condition alone. Nobody knows beforehand what a condition
   * lets through, and Azure takes no second assignment of the same role there.
   */
  conditions: Record<string, string>;
}

/** Key of the roles that a holder has at a scope. */
export const roleKey = ({ scope, holder }: { scope: string; holder: RoleHolder }): string =>
  `${holder} ${keyOf(scope)}`;

/** IDs of the roles that make an assignment unnecessary: the role itself, and those that include it. */
export const sufficientRoles = (role: BuiltInRole): readonly string[] => {
  const { owner, contributor } = builtInRoles;
  // With repository permissions, no role of the control plane reads images.
  if (role === 'containerRegistryRepositoryReader') return [builtInRoles[role].id];
  return [builtInRoles[role].id, owner.id, contributor.id];
};
