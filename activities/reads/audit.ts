import type { AuditFacts, AuditRequest } from '../../resources/discovery.ts';
import { isWithin, parentId, resourceReference, sameResourceId } from '../../resources/ids.ts';
import type { PrivateDnsZoneFacts } from '../../resources/privateDns.ts';
import type { PrivateEndpointFacts } from '../../resources/privateEndpoints.ts';
import { type RegistryFacts, registryRecordNames } from '../../resources/registries.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { readIdentity } from '../identities.ts';
import { readOtherLinkedZones, readPrivateDnsZone } from '../privateDns.ts';
import { readPrivateEndpoint } from '../privateEndpoints.ts';
import { readRegistry } from '../registries.ts';
import { readGroupContent } from '../resourceGroups.ts';
import { readRoles } from '../roleAssignments.ts';
import { readVirtualNetwork } from '../virtualNetworks.ts';

export function auditActivities(clients: ClientsOf) {
  return {
    /** Looks at everything that an isolated cluster depends on; changes nothing. */
    async lookAtDependencies({ cluster, subscriptionId, subnetIds }: AuditRequest): Promise<AuditFacts> {
      const { containerRegistryId, kubeletIdentityId, nodeResourceGroup } = cluster;
      const [first] = subnetIds;
      const networkId = first === undefined ? undefined : parentId(first);
      const [registry, network, content, kubelet] = await Promise.all([
        containerRegistryId === undefined ? undefined : readRegistry(clients, containerRegistryId),
        networkId === undefined ? undefined : readVirtualNetwork(clients, networkId),
        readGroupContent(clients, { subscriptionId, name: nodeResourceGroup }),
        kubeletIdentityId === undefined ? undefined : readIdentity(clients, kubeletIdentityId),
      ]);
      const [endpoints, zone, kubeletRoles] = await Promise.all([
        registry && networkId !== undefined ? endpointsIn(registry, networkId) : [],
        registry && networkId !== undefined ? linkedZone(registry, networkId) : undefined,
        registry && kubelet ? readRoles(clients, registry.id, kubelet.principalId) : [],
      ]);
      return {
        ...(registry && { registry }),
        endpoints,
        ...(zone && { zone }),
        kubeletRoles,
        subnets: (network?.subnets ?? []).filter(({ id }) => subnetIds.some((subnet) => sameResourceId(subnet, id))),
        publicAddresses: content.map(({ id }) => id).filter((id) => /\/publicIPAddresses\/[^/]+$/i.test(id)),
      };
    },
  };

  async function endpointsIn({ privateEndpoints }: RegistryFacts, networkId: string): Promise<PrivateEndpointFacts[]> {
    const all = await Promise.all(privateEndpoints.map(({ id }) => readPrivateEndpoint(clients, id)));
    return all.flatMap((endpoint) => (endpoint && isWithin(endpoint.subnetId, networkId) ? [endpoint] : []));
  }

  /** A network is linked to one zone of a name at most, in whichever subscription it is. */
  async function linkedZone(registry: RegistryFacts, networkId: string): Promise<PrivateDnsZoneFacts | undefined> {
    const subscriptions = [networkId, registry.id].map((id) => resourceReference(id).subscriptionId);
    const [zoneId] = await readOtherLinkedZones(clients, subscriptions, '', networkId);
    if (zoneId === undefined) return undefined;
    const names = registryRecordNames(
      { name: resourceReference(registry.id).name, location: registry.location },
      registry,
    );
    return readPrivateDnsZone(clients, zoneId, names);
  }
}
