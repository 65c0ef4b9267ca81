import type { IdentityFacts } from './identities.ts';
import { carriesMarks, type Marks } from './marks.ts';
import type { PrivateDnsZoneFacts } from './privateDns.ts';
import type { PrivateEndpointFacts } from './privateEndpoints.ts';
import { isFinal, type ResourceFacts } from './provisioningState.ts';
import type { RegistryFacts } from './registries.ts';
import type { RoleHolder } from './roles.ts';
import type { VirtualNetworkFacts } from './virtualNetworks.ts';

/** IDs of what a scenario may create or adopt around its cluster. What it has no use for is left out. */
export interface InfrastructureRequest {
  subscriptionId: string;
  /** Where a registry that is absent will be. */
  location: string;
  virtualNetworkId?: string;
  registryId?: string;
  privateEndpointId?: string;
  privateDnsZoneId?: string;
  identityIds: { [H in RoleHolder]?: string };
  /** Who is to hold a role where. */
  roleScopes: { scope: string; holder: RoleHolder }[];
}

/** What is there of what was asked for; what is absent is left out. */
export interface InfrastructureFacts {
  virtualNetwork?: VirtualNetworkFacts;
  registry?: RegistryFacts;
  /** Why the registry's name cannot be had, where the registry is absent. */
  registryNameProblem?: string;
  privateEndpoint?: PrivateEndpointFacts;
  privateDnsZone?: PrivateDnsZoneFacts;
  /** IDs of other zones for registries that the network is linked to. */
  otherLinkedZones: string[];
  identities: { [H in RoleHolder]?: IdentityFacts };
  /** IDs of the role definitions that a holder has at a scope, by {@link roleKey}. */
  roles: Record<string, string[]>;
}

/** IDs of the resources that carry the marks and on which an operation runs. */
export function runningOperations(
  { virtualNetwork, registry, privateEndpoint, privateDnsZone }: InfrastructureFacts,
  marks: Marks,
): string[] {
  const parts: [ResourceFacts | undefined, readonly { provisioningState: string }[]][] = [
    [virtualNetwork, virtualNetwork?.subnets ?? []],
    [registry, registry?.cacheRules ?? []],
    [privateEndpoint, []],
    [privateDnsZone, privateDnsZone?.links ?? []],
  ];
  return parts.flatMap(([facts, children]) =>
    facts && carriesMarks(facts.marks, marks) && [facts, ...children].some((each) => !isFinal(each.provisioningState))
      ? [facts.id]
      : [],
  );
}
