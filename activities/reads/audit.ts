import type { AuditFacts, AuditPart, AuditRequest } from '../../resources/discovery.ts';
import { isWithin, parentId, sameResourceId } from '../../resources/ids.ts';
import { isLongTermOnly } from '../../resources/kubernetesVersions.ts';
import type { PrivateDnsZoneFacts } from '../../resources/privateDns.ts';
import type { PrivateEndpointFacts } from '../../resources/privateEndpoints.ts';
import { type RegistryFacts, registryRecordNames } from '../../resources/registries.ts';
import type { Unread } from '../../resources/unread.ts';
import type { SubnetFacts, VirtualNetworkFacts } from '../../resources/virtualNetworks.ts';
import { countMachines } from '../agentPools.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { seenOr, whereAllowed } from '../arm/errors.ts';
import { asOneLook } from '../arm/sharedReads.ts';
import { readExtensions } from '../extensions.ts';
import { readIdentity } from '../identities.ts';
import { readKubernetesVersions } from '../kubernetesVersions.ts';
import { readPrivateDnsZone } from '../privateDns.ts';
import { readPrivateEndpoint } from '../privateEndpoints.ts';
import { readRegistry } from '../registries.ts';
import { readGroupContent } from '../resourceGroups.ts';
import { readRoles } from '../roleAssignments.ts';
import { readNatGateway, readRouteTable, readVirtualNetwork } from '../virtualNetworks.ts';
import { ifNamed } from './infrastructure.ts';
import { readBalancedAddresses } from './publicAddresses.ts';
import { readLinksTo } from './zoneLinks.ts';

export const auditActivities = (clients: ClientsOf) => ({
  /** Reads everything on which the isolation of a cluster depends. */
  lookAtDependencies: (request: AuditRequest): Promise<AuditFacts> =>
    asOneLook(() => readDependencies(clients, request)),
});

/** In two rounds. All reads of a round are awaited together: the failure of one that nobody awaits yet ends the worker's process. */
async function readDependencies(clients: ClientsOf, request: AuditRequest): Promise<AuditFacts> {
  const { part, unread } = partReader();
  const named = await readNamed(clients, request, part);
  const { registry, network, content = [], balanced = [], machines, extensions, versions = [] } = named;
  if (request.networkUnread !== undefined) unread.network ??= request.networkUnread;
  // AKS offers versions in each region in which it has a cluster.
  if (versions.length === 0) unread.versions ??= `AKS tells no versions of ${request.cluster.location}`;
  const subnets = (network?.subnets ?? []).filter(({ id }) => request.subnetIds.some((one) => sameResourceId(one, id)));
  const { endpoints = [], zone: linked, kubelets } = await readBehind(clients, request, part, named);
  const addresses = content.map(({ id }) => id).filter((id) => /\/publicIPAddresses\/[^/]+$/i.test(id));
  return {
    ...(registry && { registry }),
    endpoints,
    ...(linked?.zone && { zone: linked.zone }),
    ...(linked && linked.unread.length > 0 && { unsearched: linked.unread }),
    kubeletRoles: kubelets?.roles ?? [],
    kubeletConditions: kubelets?.conditions ?? {},
    ...(network && { network: networkFacts(network) }),
    subnets,
    ...(await readWaysOut(clients, part, network, subnets)),
    dnsServers: network?.dnsServers ?? [],
    isNetworkEncrypted: network?.isEncrypted ?? false,
    ...(extensions && { extensions }),
    longTermVersions: versions.filter(isLongTermOnly).map(({ version }) => version),
    publicAddresses: [
      ...addresses,
      ...balanced.map(({ id }) => id).filter((id) => !addresses.some((address) => sameResourceId(address, id))),
    ],
    outboundAddresses: balanced.filter(({ isOutbound }) => isOutbound).map(({ id }) => id),
    ...(machines && { machines }),
    unread,
  };
}

/** Reads one part of the facts; `undefined` where it is absent, or may not be read. */
type ReadPart = <T>(name: AuditPart, read: () => Promise<T>) => Promise<T | undefined>;

/** A part that may not be read is told apart from one that is absent. */
function partReader(): { part: ReadPart; unread: NonNullable<AuditFacts['unread']> } {
  const unread: NonNullable<AuditFacts['unread']> = {};
  const part: ReadPart = async (name, read) => {
    const look = await whereAllowed(read).catch((error: unknown) => {
      if (!(error instanceof NotShownError)) throw error;
      return { forbidden: error.message };
    });
    if ('seen' in look) return look.seen;
    unread[name] = look.forbidden;
    return undefined;
  };
  return { part, unread };
}

/** The network of the cluster's nodes. */
const networkIdOf = ({ subnetIds: [first] }: AuditRequest): string | undefined =>
  first === undefined ? undefined : parentId(first);

/** The first round: what the cluster names, and what is below it. */
async function readNamed(clients: ClientsOf, request: AuditRequest, part: ReadPart) {
  const { cluster, subscriptionId } = request;
  const { containerRegistryId, kubeletIdentityId, nodeResourceGroup } = cluster;
  const group = { subscriptionId, name: nodeResourceGroup };
  const [registry, network, content, balanced, kubelet, machines, extensions, versions] = await Promise.all([
    part('registry', () => ifNamed(containerRegistryId, (id) => readRegistry(clients, id))),
    part('network', () => ifNamed(networkIdOf(request), (id) => readVirtualNetwork(clients, id))),
    part('nodeResourceGroup', () => readGroupContent(clients, group)),
    part('nodeResourceGroup', () => readBalancedAddresses(clients, group)),
    part('kubelet', () => ifNamed(kubeletIdentityId, (id) => readIdentity(clients, id))),
    part('machines', () => countMachines(clients, subscriptionId, nodeResourceGroup)),
    part('extensions', () => readExtensions(clients, cluster.id)),
    part('versions', () => readKubernetesVersions(clients, subscriptionId, cluster.location)),
  ]);
  return { registry, network, content, balanced, kubelet, machines, extensions, versions };
}

/** The second round: what leads to the registry, and who may pull from it. */
async function readBehind(
  clients: ClientsOf,
  request: AuditRequest,
  part: ReadPart,
  { registry, network, kubelet }: Awaited<ReturnType<typeof readNamed>>,
) {
  const networkId = networkIdOf(request);
  const reached = registry && networkId !== undefined ? { registry, networkId } : undefined;
  const [endpoints, zone, kubelets] = await Promise.all([
    part(
      'endpoints',
      async () => reached && readEndpointsIn(clients, reached.registry, [reached.networkId, ...(network?.peers ?? [])]),
    ),
    part('zone', async () => reached && readLinkedZone(clients, reached.registry, reached.networkId, request)),
    part('kubelet', async () => registry && kubelet && readRoles(clients, registry.id, kubelet.principalId)),
  ]);
  return { endpoints, zone, kubelets };
}

const networkFacts = ({
  id,
  provisioningState,
  natGatewayId,
}: VirtualNetworkFacts): NonNullable<AuditFacts['network']> => ({
  id,
  provisioningState,
  ...(natGatewayId !== undefined && { natGatewayId }),
});

/** Reads what else decides where the traffic of the subnets goes: the route tables and NAT gateways that they and the network name. */
async function readWaysOut(
  clients: ClientsOf,
  part: ReadPart,
  network: VirtualNetworkFacts | undefined,
  subnets: readonly SubnetFacts[],
): Promise<Required<Pick<AuditFacts, 'routesOut' | 'routeSources' | 'natGateways'>>> {
  const tableIds = new Set(subnets.flatMap(({ routeTableId }) => routeTableId ?? []));
  const gatewayIds = new Set([network, ...subnets].flatMap((each) => each?.natGatewayId ?? []));
  const ranges = network?.addressPrefixes ?? [];
  const named = <T>(ids: ReadonlySet<string>, read: (id: string) => Promise<T | undefined>): Promise<T[]> =>
    Promise.all([...ids].map(async (id) => shown(id, await read(id))));
  const [tables = [], natGateways = []] = await Promise.all([
    part('routes', () => named(tableIds, (id) => readRouteTable(clients, id, ranges))),
    part('natGateways', () => named(gatewayIds, (id) => readNatGateway(clients, id))),
  ]);
  const isClosedToBgp = (id: string | undefined) =>
    tables.some((table) => sameResourceId(table.id, id) && !table.takesRoutesByBgp);
  const areClosed = subnets.every(({ routeTableId }) => isClosedToBgp(routeTableId));
  return {
    routesOut: tables.flatMap(({ routesOut }) => routesOut),
    routeSources: areClosed ? [] : (network?.routeSources ?? []),
    natGateways,
  };
}

/** A resource that Azure names and does not show is not absent: it is elsewhere, or the worker may not see it. */
class NotShownError extends Error {}

function shown<T>(id: string, found: T | undefined): T {
  if (found === undefined) throw new NotShownError(`${id} is not found`);
  return found;
}

/**
 * Reads the endpoints in a network and in those that it is peered with, such as the hub of a landing zone. A registry that many share
 * has endpoints that are others' to read: they matter only where the nodes reach none that serves.
 */
async function readEndpointsIn(
  clients: ClientsOf,
  { privateEndpoints }: RegistryFacts,
  networkIds: readonly string[],
): Promise<PrivateEndpointFacts[]> {
  const looks = await Promise.all(
    privateEndpoints.map(({ id }) => whereAllowed(() => readPrivateEndpoint(clients, id))),
  );
  const inNetwork = looks.flatMap((look) => {
    const endpoint = seenOr(look, undefined);
    return endpoint && networkIds.some((id) => isWithin(endpoint.subnetId, id)) ? [endpoint] : [];
  });
  const [forbidden] = looks.flatMap((look) => ('forbidden' in look ? [look.forbidden] : []));
  const serves = inNetwork.some(({ status }) => status === 'Approved');
  if (forbidden !== undefined && !serves) throw new NotShownError(forbidden);
  return inNetwork;
}

/** A network is linked to one zone of a name at most, in whichever subscription it is. */
async function readLinkedZone(
  clients: ClientsOf,
  registry: RegistryFacts,
  networkId: string,
  { cluster: { id: clusterId }, privateDnsZoneId: zoneId }: AuditRequest,
): Promise<{ zone?: PrivateDnsZoneFacts | undefined; unread: Unread[] }> {
  const named = zoneId === undefined ? [] : [zoneId];
  const { links, unread } = await readLinksTo(clients, [clusterId, networkId, registry.id, ...named], networkId, true);
  const [link] = links;
  return {
    zone: link && (await readPrivateDnsZone(clients, parentId(link.id), registryRecordNames(registry))),
    unread,
  };
}
