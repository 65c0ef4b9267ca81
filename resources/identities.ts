import type { Ownership } from './ownership.ts';

export interface IdentitySpecification {
  id: string;
  location: string;
  tags: Ownership;
}

export interface IdentityFacts {
  id: string;
  principalId: string;
  clientId: string;
  marks: Ownership;
}
