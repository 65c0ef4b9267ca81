import { randomUUID } from 'node:crypto';
import { builtInRoles } from '../../../resources/roles.ts';
import { deleteCluster, makeCluster } from '../clusters.ts';
import { type Exchange, errorCode } from '../exchanges.ts';
import type { Finding } from '../findings.ts';
import { CheckStopped, groupId, groupName, type Live, openCluster, poolName, registryName, required } from '../live.ts';

const networkName = 'live-network';
const subnetNames = { nodes: 'nodes', endpoints: 'endpoints', apiServer: 'api-server' } as const;
const zoneName = 'privatelink.azurecr.io';

interface Identity {
  readonly id: string;
  readonly principalId: string;
  readonly clientId: string;
}

/**
 * Makes an isolated cluster with network and registry of its owner's, as the guide does, the roles right before it. Nobody gets in without
 * Microsoft Entra ID.
 */
export async function checkOwnRegistry(live: Live): Promise<Finding[]> {
  const control = await identity(live, 'live-control-plane');
  const kubelet = await identity(live, 'live-kubelet');
  const network = await makeNetwork(live);
  const { id: registry, location, last } = await makeRegistry(live);
  await connectRegistry(live, network, registry);
  await assign(live, 'networkContributor', network, control);
  await assign(live, 'managedIdentityOperator', kubelet.id, control);
  await assign(live, 'acrPull', registry, kubelet);
  const findings = [locationFinding(live, location, last)];
  await makeUntilAccepted(live, { control, kubelet, network, registry }).catch((error: unknown) => {
    throw error instanceof CheckStopped ? new CheckStopped(error.message, findings) : error;
  });
  return findings;
}

async function identity({ azure, runId, location, tags }: Live, name: string): Promise<Identity> {
  const { userAssignedIdentities } = azure.clients.identities;
  const body = { location, tags: { ...tags } };
  const { value, last } = await azure.ask(() => userAssignedIdentities.createOrUpdate(groupName(runId), name, body));
  const { id, principalId, clientId } = value ?? {};
  if (!id || !principalId || !clientId)
    throw new CheckStopped(`the identity ${name} was refused: ${last.status} ${errorCode(last) ?? ''}`);
  return { id, principalId, clientId };
}

async function makeNetwork(live: Live): Promise<string> {
  const { azure, runId, location, tags } = live;
  const { virtualNetworks } = azure.clients.network;
  const subnet = (name: string, addressPrefix: string) => ({ name, addressPrefix, defaultOutboundAccess: false });
  const serviceName = 'Microsoft.ContainerService/managedClusters';
  const body = {
    location,
    tags: { ...tags },
    addressSpace: { addressPrefixes: ['10.10.0.0/16'] },
    subnets: [
      subnet(subnetNames.nodes, '10.10.0.0/24'),
      subnet(subnetNames.endpoints, '10.10.1.0/27'),
      { ...subnet(subnetNames.apiServer, '10.10.2.0/28'), delegations: [{ name: 'aks', serviceName }] },
    ],
  };
  required(
    await azure.follow('network', () => virtualNetworks.createOrUpdate(groupName(runId), networkName, body)),
    'the network',
  );
  return `${groupId(live)}/providers/Microsoft.Network/virtualNetworks/${networkName}`;
}

async function makeRegistry(live: Live): Promise<{ id: string; location: string; last: Exchange }> {
  const { azure, runId, location, tags } = live;
  const { registries, cacheRules } = azure.clients.containerRegistry;
  const name = registryName(runId);
  const body = {
    location,
    tags: { ...tags },
    sku: { name: 'Premium' },
    adminUserEnabled: false,
    anonymousPullEnabled: false,
    publicNetworkAccess: 'Disabled',
  };
  required(
    await azure.follow('containerRegistry', () => registries.create(groupName(runId), name, body)),
    'the registry',
  );
  const rule = { sourceRepository: 'mcr.microsoft.com/*', targetRepository: 'aks-managed-repository/*' };
  required(
    await azure.follow('containerRegistry', () => cacheRules.create(groupName(runId), name, 'aks-managed-mcr', rule)),
    'the cache rule',
  );
  const { value, last } = await azure.ask(() => registries.get(groupName(runId), name));
  if (!value?.id) throw new CheckStopped('the registry could not be read');
  return { id: value.id, location: value.location, last };
}

function locationFinding({ location }: Live, shown: string, last: Exchange): Finding {
  const finding = { switch: 'registryLocation', shownBy: [last] } as const;
  if (shown === location) return { ...finding, position: 'name' };
  // Display names have spaces and capitals: West Europe.
  if (shown.replaceAll(' ', '').toLowerCase() === location) return { ...finding, position: 'displayName' };
  return { ...finding, otherwise: `the registry shows its location as ${shown}` };
}

/** A private endpoint whose names Azure writes into a zone that the network sees. */
async function connectRegistry(live: Live, network: string, registry: string): Promise<void> {
  const { azure, runId, location, tags } = live;
  const { network: client, privateDns } = azure.clients;
  const group = groupName(runId);
  const global = { location: 'global', tags: { ...tags } };
  const link = { ...global, virtualNetwork: { id: network }, registrationEnabled: false };
  const endpoint = {
    location,
    tags: { ...tags },
    subnet: { id: `${network}/subnets/${subnetNames.endpoints}` },
    privateLinkServiceConnections: [{ name: 'live-registry', privateLinkServiceId: registry, groupIds: ['registry'] }],
  };
  const zoneConfig = {
    name: 'registry',
    privateDnsZoneId: `${groupId(live)}/providers/Microsoft.Network/privateDnsZones/${zoneName}`,
  };
  required(
    await azure.follow('privateDns', () => privateDns.privateZones.createOrUpdate(group, zoneName, global)),
    'the zone',
  );
  required(
    await azure.follow('privateDns', () =>
      privateDns.virtualNetworkLinks.createOrUpdate(group, zoneName, 'LiveLink', link),
    ),
    'the link',
  );
  required(
    await azure.follow('network', () => client.privateEndpoints.createOrUpdate(group, 'live-endpoint', endpoint)),
    'the private endpoint',
  );
  const zones = { privateDnsZoneConfigs: [zoneConfig] };
  required(
    await azure.follow('network', () =>
      client.privateDnsZoneGroups.createOrUpdate(group, 'live-endpoint', 'default', zones),
    ),
    'the zone group',
  );
}

async function assign(
  { azure, subscriptionId }: Live,
  role: keyof typeof builtInRoles,
  scope: string,
  { principalId }: Identity,
): Promise<void> {
  const { roleAssignments } = azure.clients.authorization;
  const roleDefinitionId = `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${builtInRoles[role].id}`;
  const { value, last } = await azure.ask(() =>
    roleAssignments.create(scope, randomUUID(), { roleDefinitionId, principalId, principalType: 'ServicePrincipal' }),
  );
  // A run that goes on has assigned it already.
  if (!value && errorCode(last) !== 'RoleAssignmentExists')
    throw new CheckStopped(`the role ${role} was refused: ${last.status} ${errorCode(last) ?? ''}`);
}

interface Parts {
  readonly control: Identity;
  readonly kubelet: Identity;
  readonly network: string;
  readonly registry: string;
}

/** A role counts some time after it is assigned: the creation is tried until AKS takes it and ends it well. */
async function makeUntilAccepted(live: Live, { control, kubelet, network, registry }: Parts): Promise<void> {
  const { bootstrapProfile: _source, agentPoolProfiles = [], ...open } = openCluster(live, 'own');
  const body = {
    ...open,
    identity: { type: 'UserAssigned', userAssignedIdentities: { [control.id]: {} } },
    identityProfile: {
      kubeletidentity: { resourceId: kubelet.id, clientId: kubelet.clientId, objectId: kubelet.principalId },
    },
    agentPoolProfiles: agentPoolProfiles.map((pool) => ({
      ...pool,
      vnetSubnetID: `${network}/subnets/${subnetNames.nodes}`,
    })),
    networkProfile: {
      networkPlugin: 'azure',
      outboundType: 'none',
      serviceCidr: '172.16.0.0/16',
      dnsServiceIP: '172.16.0.10',
    },
    bootstrapProfile: { artifactSource: 'Cache', containerRegistryId: registry },
    aadProfile: { managed: true, enableAzureRbac: true },
    disableLocalAccounts: true,
    apiServerAccessProfile: {
      enablePrivateCluster: true,
      enableVnetIntegration: true,
      subnetId: `${network}/subnets/${subnetNames.apiServer}`,
    },
  };
  for (let tries = 1; ; tries += 1) {
    try {
      await makeCluster(live, 'own', body);
      live.say(`  accepted at try ${tries}, ${poolName} is there`);
      return;
    } catch (error) {
      if (!(error instanceof CheckStopped) || tries === 10) throw error;
      live.say(`  try ${tries}: ${error.message}`);
      await live.azure.wait(30);
    }
  }
}

/** Deletes a cluster and then, without a pause, the subnets that it was in. */
export async function checkDeletion(live: Live): Promise<Finding[]> {
  const wasThere = await isThere(live);
  await deleteCluster(live, 'own');
  const refused: Exchange[] = [];
  const taken: Exchange[] = [];
  let went = true;
  for (const subnet of [subnetNames.nodes, subnetNames.apiServer]) {
    const { held, last, isGone } = await deleteSubnet(live, subnet);
    refused.push(...held);
    taken.push(last);
    went &&= isGone;
  }
  if (refused.length > 0)
    return [{ switch: 'networkRelease', position: 'late', shownBy: [...refused.slice(0, 1), ...taken] }];
  if (!wasThere) {
    const unknown = 'an earlier start of the run has deleted the cluster, and the subnets had time since';
    return [{ switch: 'networkRelease', unknown, shownBy: taken }];
  }
  return went
    ? [{ switch: 'networkRelease', position: 'atOnce', shownBy: taken }]
    : [{ switch: 'networkRelease', unknown: 'the subnets could not be deleted for another reason', shownBy: taken }];
}

/** Whether the cluster is there, and nobody deletes it. */
async function isThere({ azure, runId }: Live): Promise<boolean> {
  const { managedClusters } = azure.clients.containerService;
  const { value } = await azure.ask(() => managedClusters.get(groupName(runId), 'own'));
  return value !== undefined && value.provisioningState !== 'Deleting';
}

interface DeletedSubnet {
  /** Answers that name what is still in it: to the request, or of its operation. */
  readonly held: Exchange[];
  readonly last: Exchange;
  readonly isGone: boolean;
}

/** Tries for half an hour, as the product does. */
async function deleteSubnet({ azure, runId }: Live, subnet: string): Promise<DeletedSubnet> {
  const { subnets } = azure.clients.network;
  const held: Exchange[] = [];
  for (let tries = 0; ; tries += 1) {
    const { first, last, outcome } = await azure.follow('network', () =>
      subnets.delete(groupName(runId), networkName, subnet),
    );
    const isGone = outcome === 'succeeded';
    if (isGone || tries === 30) return { held, last: first, isGone };
    if (errorCode(last) === 'InUseSubnetCannotBeDeleted') held.push(last);
    await azure.wait(60);
  }
}
