import type { IdentityFacts } from './identities.ts';
import { sameResourceId } from './ids.ts';
import { carriesMarks, type Marks } from './marks.ts';
import type { PrivateDnsZoneFacts } from './privateDns.ts';
import type { PrivateEndpointFacts } from './privateEndpoints.ts';
import { isFinal, type ResourceFacts } from './provisioningState.ts';
import { concernsRule, type RegistryFacts } from './registries.ts';
import type { HeldRoles, RoleHolder } from './roles.ts';
import type { Unread } from './unread.ts';
import type { VirtualNetworkFacts } from './virtualNetworks.ts';

/** IDs of the resources that a scenario may create or adopt around its cluster. Left out: the scenario has no use for it. */
export interface InfrastructureRequest {
  subscriptionId: string;
  /** Region of a registry that is still to be created. */
  location: string;
  virtualNetworkId?: string;
  /** Its subnets that the scenario uses. Left out by earlier versions: then all count. */
  subnetIds?: string[];
  registryId?: string;
  /** The cache rule that nodes need. Left out by earlier versions: then all rules of the registry count. */
  cacheRule?: { name: string; targetRepository: string };
  privateEndpointId?: string;
  privateDnsZoneId?: string;
  /** Name of the zone's link to the network where the scenario makes it. Left out by earlier versions: then all links count. */
  zoneLinkName?: string;
  /** Whether a zone that the network is linked to stands against the plan: then it is searched in all subscriptions. */
  searchesZones?: boolean;
  identityIds: { [H in RoleHolder]?: string };
  /** The roles that are to be held, by whom and where. */
  roleScopes: { scope: string; holder: RoleHolder }[];
}

/** The requested resources as Azure shows them. Absent ones are left out. */
export interface InfrastructureFacts {
  virtualNetwork?: VirtualNetworkFacts;
  registry?: RegistryFacts;
  /** Why nobody can have the registry's name. Left out: the registry is there, or its name is free. */
  registryNameProblem?: string;
  /** The cloud, where registries and their zone have other names than in Azure. Left out in Azure, and by earlier versions. */
  otherCloud?: string;
  privateEndpoint?: PrivateEndpointFacts;
  privateDnsZone?: PrivateDnsZoneFacts;
  /** IDs of other zones for registries that the network is linked to. */
  otherLinkedZones: string[];
  /** Subscriptions in which they could not be looked for. Left out where all were searched, and by earlier versions. */
  unread?: Unread[];
  identities: { [H in RoleHolder]?: IdentityFacts };
  /** IDs of the role definitions that a holder has at a scope, by {@link roleKey}. */
  roles: Record<string, string[]>;
  /** Conditions of roles that are held with a condition alone, by {@link roleKey} and role. Left out by version 0.1. */
  conditions?: Record<string, HeldRoles['conditions']>;
}

/**
 * The resources with a state that a scenario makes or needs, without subnets. Others have links and cache rules of their own in a
 * shared zone or registry: those do not count. Azure shows no state of an identity.
 */
export function resourcesWithState(
  { virtualNetwork, registry, privateEndpoint, privateDnsZone }: InfrastructureFacts,
  { virtualNetworkId, zoneLinkName, cacheRule }: InfrastructureRequest,
): Pick<ResourceFacts, 'id' | 'provisioningState'>[] {
  const rules = (registry?.cacheRules ?? [])
    .filter((rule) => cacheRule === undefined || concernsRule(rule, cacheRule))
    .map(({ name, provisioningState }) => ({ id: `${registry?.id}/cacheRules/${name}`, provisioningState }));
  const links = (privateDnsZone?.links ?? []).filter(
    (link) =>
      zoneLinkName === undefined ||
      link.name.toLowerCase() === zoneLinkName.toLowerCase() ||
      sameResourceId(link.virtualNetworkId, virtualNetworkId),
  );
  const all = [virtualNetwork, registry, privateEndpoint, privateDnsZone, ...links, ...rules];
  return all.filter((facts) => facts !== undefined);
}

/** IDs of the resources that a scenario makes or needs and on which an operation runs, whosever it is. */
export function runningOperations(seen: InfrastructureFacts, request: InfrastructureRequest): string[] {
  const { subnetIds } = request;
  const subnets = seen.virtualNetwork?.subnets ?? [];
  const used = subnets.filter(({ id }) => subnetIds?.some((each) => sameResourceId(id, each)) ?? true);
  return [...resourcesWithState(seen, request), ...used].flatMap(({ id, provisioningState }) =>
    isFinal(provisioningState) ? [] : [id],
  );
}

/** Whether an operation runs on a resource that carries these marks, or on a part of it. */
export function ownOperationRuns(
  { virtualNetwork, registry, privateEndpoint, privateDnsZone }: InfrastructureFacts,
  marks: Marks,
): boolean {
  const parts: [ResourceFacts | undefined, readonly { provisioningState: string }[]][] = [
    [virtualNetwork, virtualNetwork?.subnets ?? []],
    [registry, registry?.cacheRules ?? []],
    [privateEndpoint, []],
    [privateDnsZone, privateDnsZone?.links ?? []],
  ];
  return parts.some(
    ([facts, children]) =>
      facts &&
      carriesMarks(facts.marks, marks) &&
      [facts, ...children].some((each) => !isFinal(each.provisioningState)),
  );
}
