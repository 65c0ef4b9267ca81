import type { Marks } from './marks.ts';

export interface IdentitySpecification {
  id: string;
  location: string;
  tags: Marks;
}

export interface IdentityFacts {
  id: string;
  principalId: string;
  clientId: string;
  marks: Marks;
}
