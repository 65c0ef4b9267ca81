import type { Marks } from './marks.ts';

/** A user-assigned managed identity as it is to be. Source: Azure REST API, "User Assigned Identities". */
export interface IdentitySpecification {
  id: string;
  location: string;
  tags: Marks;
}

/** A user-assigned managed identity as Azure shows it. */
export interface IdentityFacts {
  id: string;
  /** Object ID of the identity's service principal, which holds its roles. */
  principalId: string;
  clientId: string;
  marks: Marks;
}
