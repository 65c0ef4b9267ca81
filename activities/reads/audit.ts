import { applicationFailure } from '../../contract/failures.ts';
import type { AuditFacts, AuditPart, AuditRequest } from '../../resources/discovery.ts';
import { isWithin, parentId, resourceReference, sameResourceId } from '../../resources/ids.ts';
import { isLongTermOnly } from '../../resources/kubernetesVersions.ts';
import type { PrivateDnsZoneFacts } from '../../resources/privateDns.ts';
import type { PrivateEndpointFacts } from '../../resources/privateEndpoints.ts';
import { type RegistryFacts, registryRecordNames } from '../../resources/registries.ts';
import { countMachines } from '../agentPools.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { httpStatus, whereAllowed } from '../arm/errors.ts';
import { readExtensions } from '../extensions.ts';
import { readIdentity } from '../identities.ts';
import { readKubernetesVersions } from '../managedClusters.ts';
import { readLinksTo, readPrivateDnsZone } from '../privateDns.ts';
import { readPrivateEndpoint } from '../privateEndpoints.ts';
import { readRegistry } from '../registries.ts';
import { readGroupContent } from '../resourceGroups.ts';
import { readRoles } from '../roleAssignments.ts';
import { readBalancedAddresses, readRoutesOut, readVirtualNetwork } from '../virtualNetworks.ts';
import { ifNamed } from './infrastructure.ts';

export const auditActivities = (clients: ClientsOf) => ({
  /** Reads everything on which the isolation of a cluster depends. */
  async lookAtDependencies({
    cluster,
    subscriptionId,
    subnetIds,
    privateDnsZoneId,
  }: AuditRequest): Promise<AuditFacts> {
    const { containerRegistryId, kubeletIdentityId, nodeResourceGroup } = cluster;
    const [first] = subnetIds;
    const networkId = first === undefined ? undefined : parentId(first);
    const unread: NonNullable<AuditFacts['unread']> = {};
    /** A part that may not be read is told apart from one that is absent. */
    const part = async <T>(name: AuditPart, read: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await read();
      } catch (error) {
        if (httpStatus(error) !== 403) throw error;
        unread[name] = applicationFailure(error)?.message ?? name;
        return undefined;
      }
    };
    const group = { subscriptionId, name: nodeResourceGroup };
    // All reads of a round are awaited together: the failure of one that nobody awaits yet ends the worker's process.
    const [registry, network, content = [], balanced = [], kubelet, machines, extensions, versions = []] =
      await Promise.all([
        part('registry', () => ifNamed(containerRegistryId, (id) => readRegistry(clients, id))),
        part('network', () => ifNamed(networkId, (id) => readVirtualNetwork(clients, id))),
        part('nodeResourceGroup', () => readGroupContent(clients, group)),
        part('nodeResourceGroup', () => readBalancedAddresses(clients, group)),
        part('kubelet', () => ifNamed(kubeletIdentityId, (id) => readIdentity(clients, id))),
        whereAllowed(() => countMachines(clients, subscriptionId, nodeResourceGroup)),
        whereAllowed(() => readExtensions(clients, cluster.id)),
        whereAllowed(() => readKubernetesVersions(clients, subscriptionId, cluster.location)),
      ]);
    const subnets = (network?.subnets ?? []).filter(({ id }) => subnetIds.some((subnet) => sameResourceId(subnet, id)));
    const ranges = network?.addressPrefixes ?? [];
    const addresses = content.map(({ id }) => id).filter((id) => /\/publicIPAddresses\/[^/]+$/i.test(id));
    const routeTables = new Set(subnets.flatMap(({ routeTableId }) => routeTableId ?? []));
    const [endpoints = [], zone, kubelets, routesOut = []] = await Promise.all([
      part('endpoints', async () =>
        registry && networkId !== undefined ? readEndpointsIn(clients, registry, networkId) : [],
      ),
      part('zone', async () =>
        registry && networkId !== undefined
          ? readLinkedZone(clients, registry, networkId, privateDnsZoneId)
          : undefined,
      ),
      part('kubelet', async () =>
        registry && kubelet ? readRoles(clients, registry.id, kubelet.principalId) : undefined,
      ),
      part('routes', () => Promise.all([...routeTables].map((id) => readRoutesOut(clients, id, ranges)))),
    ]);
    return {
      ...(registry && { registry }),
      endpoints,
      ...(zone && { zone }),
      kubeletRoles: kubelets?.roles ?? [],
      kubeletConditions: kubelets?.conditions ?? {},
      ...(network && { network: { id: network.id, provisioningState: network.provisioningState } }),
      subnets,
      routesOut: routesOut.flat(),
      dnsServers: network?.dnsServers ?? [],
      isNetworkEncrypted: network?.isEncrypted ?? false,
      ...(extensions && { extensions }),
      longTermVersions: versions.filter(isLongTermOnly).map(({ version }) => version),
      publicAddresses: [
        ...addresses,
        ...balanced.filter((id) => !addresses.some((address) => sameResourceId(address, id))),
      ],
      ...(machines && { machines }),
      unread,
    };
  },
});

async function readEndpointsIn(
  clients: ClientsOf,
  { privateEndpoints }: RegistryFacts,
  networkId: string,
): Promise<PrivateEndpointFacts[]> {
  const all = await Promise.all(privateEndpoints.map(({ id }) => readPrivateEndpoint(clients, id)));
  return all.flatMap((endpoint) => (endpoint && isWithin(endpoint.subnetId, networkId) ? [endpoint] : []));
}

/** A network is linked to one zone of a name at most, in whichever subscription it is. */
async function readLinkedZone(
  clients: ClientsOf,
  registry: RegistryFacts,
  networkId: string,
  zoneId: string | undefined,
): Promise<PrivateDnsZoneFacts | undefined> {
  const named = zoneId === undefined ? [] : [zoneId];
  const subscriptions = [networkId, registry.id, ...named].map((id) => resourceReference(id).subscriptionId);
  const [link] = await readLinksTo(clients, subscriptions, networkId);
  return link && readPrivateDnsZone(clients, parentId(link.id), registryRecordNames(registry));
}
