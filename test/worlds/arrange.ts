import { randomUUID } from 'node:crypto';
import { boundTo } from '../../activities/arm/marks.ts';
import type { ScenarioHandle } from '../../client/index.ts';
import { clusterParts, clusterWorkflowId, type ScenarioResult } from '../../contract/index.ts';
import { markTags } from '../../resources/marks.ts';
import { newNodeImage, reference } from '../scenarios/existingCluster.ts';
import { input } from '../support/azure.ts';
import { aRecord, assign, ownRegistryBodies, ownRegistryIds } from '../support/ownRegistry.ts';
import { type Effect, faultKinds } from '../sweep/kinds.ts';
import type { ScenarioPlace } from '../sweep/scenarios.ts';
import { oddity, type WorldIds } from './oddities.ts';
import { neighbours, ownerSettings } from './settings.ts';
import type { OthersDoing } from './shape.ts';
import type { DrawnWorld } from './world.ts';

const location = 'westeurope';

export function idsOf({ name }: ScenarioPlace): WorldIds {
  const ids = ownRegistryIds(name);
  const network = `${ids.group}/providers/Microsoft.Network/virtualNetworks/${name}-network`;
  return {
    ...ids,
    network,
    nodes: `${network}/subnets/nodes`,
    control: `${ids.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}-control`,
  };
}

/** Makes a world: the cluster, if the scenario finds one, and what is around it. */
export async function arrange(place: ScenarioPlace, world: DrawnWorld): Promise<void> {
  const ids = idsOf(place);
  // How AKS has made what is found there.
  const { managedRegistryRole } = world.switches;
  await place.azure.reset({ roleDelaySeconds: 0, ...(managedRegistryRole && { azure: { managedRegistryRole } }) });
  await place.azure.put(ids.group, { location });
  if (world.scenario !== 'create') await makeCluster(place, ids, world);
  for (const name of world.oddities) await oddity(name).arrange?.(place, ids);
  if (world.neighbours) await neighbours(place.azure.put, ids);
  if (world.newImage) await newNodeImage(place);
  if (world.scenario === 'create' && world.oddities.length === 0 && !world.neighbours)
    await place.azure.remove(ids.group);
  await place.azure.send('PUT', '/simulator/azure', world.switches);
}

async function makeCluster({ azure, name }: ScenarioPlace, ids: WorldIds, world: DrawnWorld): Promise<void> {
  const own = world.network === 'own' ? await makeNetwork({ azure }, ids, world) : undefined;
  const marks = (id: string) => (world.marked ? boundTo(id, marksOf(name)) : {});
  if (world.has === 'own') await makeRegistry(azure, ids, marks);
  const pools = world.pools.map(({ mode, count }, index) => ({
    name: `pool${index}`,
    mode,
    count,
    vmSize: 'Standard_D4ds_v5',
    ...(own && { vnetSubnetID: ids.nodes }),
    ...(own && world.pods && { podSubnetID: `${ids.network}/subnets/pods` }),
  }));
  const access = {
    public: {},
    privateLink: { enablePrivateCluster: true },
    vnetIntegration: {
      enablePrivateCluster: true,
      enableVnetIntegration: true,
      ...(own && { subnetId: own.apiServer }),
    },
  }[world.apiServer];
  const body = {
    pools: pools as Record<string, unknown>[],
    properties: {
      dnsPrefix: name,
      ...(world.kubernetesVersion !== undefined && { kubernetesVersion: world.kubernetesVersion }),
      networkProfile: { networkPlugin: 'azure', outboundType: world.isolated ? 'none' : 'loadBalancer' },
      ...(world.isolated && {
        bootstrapProfile: {
          artifactSource: 'Cache',
          ...(world.has === 'own' && { containerRegistryId: ids.registry }),
        },
      }),
      ...(world.has === 'own' && { identityProfile: { kubeletidentity: { resourceId: ids.kubelet } } }),
      apiServerAccessProfile: access,
    } as Record<string, unknown>,
    more: {} as Record<string, unknown>,
  };
  for (const name of world.settings) ownerSettings[name](body);
  for (const each of world.oddities) oddity(each).shape?.(body);
  await azure.put(ids.cluster, {
    location,
    identity: own
      ? { type: 'UserAssigned', userAssignedIdentities: { [ids.control]: {} } }
      : { type: 'SystemAssigned' },
    properties: { ...body.properties, agentPoolProfiles: body.pools },
    ...body.more,
  });
}

async function makeNetwork(
  { azure }: Pick<ScenarioPlace, 'azure'>,
  ids: WorldIds,
  world: DrawnWorld,
): Promise<{ apiServer: string }> {
  const apiServer = `${ids.network}/subnets/apiserver`;
  const delegation = { name: 'aks', properties: { serviceName: 'Microsoft.ContainerService/managedClusters' } };
  await azure.put(ids.network, {
    location,
    properties: {
      addressSpace: { addressPrefixes: ['10.10.0.0/16'] },
      subnets: [
        { name: 'nodes', properties: { addressPrefix: '10.10.0.0/20', defaultOutboundAccess: false } },
        ...(world.apiServer === 'vnetIntegration'
          ? [{ name: 'apiserver', properties: { addressPrefix: '10.10.16.0/28', delegations: [delegation] } }]
          : []),
        ...(world.pods
          ? [{ name: 'pods', properties: { addressPrefix: '10.10.32.0/20', defaultOutboundAccess: false } }]
          : []),
        ...(world.has === 'own' ? [{ name: 'registry', properties: { addressPrefix: '10.10.17.0/24' } }] : []),
      ],
    },
  });
  const principal = (await azure.put(ids.control, { location })).at('properties.principalId');
  const { status } = await assign(
    azure as ScenarioPlace['azure'],
    ids.network,
    'networkContributor',
    principal,
    randomUUID(),
  );
  if (status !== 201) throw new Error(`role: ${status}`);
  return { apiServer };
}

/** Makes a registry of the owner's as the guide tells, which leads to it in the network, and an identity that may pull from it. */
async function makeRegistry(
  azure: ScenarioPlace['azure'],
  ids: WorldIds,
  marks: (id: string) => Record<string, string>,
): Promise<void> {
  const bodies = ownRegistryBodies({ ...ids, vnet: ids.network, registrySubnet: `${ids.network}/subnets/registry` });
  await azure.put(ids.registry, { ...bodies.registry, tags: marks(ids.registry) });
  await azure.put(ids.cacheRule, bodies.cacheRule);
  await azure.put(ids.zone, { ...bodies.zone, tags: marks(ids.zone) });
  await azure.put(ids.link, { ...bodies.link, tags: marks(ids.link) });
  const endpoint = await azure.put(ids.privateEndpoint, {
    ...bodies.privateEndpoint,
    tags: marks(ids.privateEndpoint),
  });
  for (const { fqdn, ipAddresses } of endpoint.at('properties.customDnsConfigs') as Config[]) {
    const record = `${ids.zone}/A/${fqdn.replace(/\.azurecr\.io$/, '')}`;
    await azure.put(record, { properties: { ...aRecord(...ipAddresses).properties, metadata: marks(record) } });
  }
  const kubelet = (await azure.put(ids.kubelet, { location, tags: marks(ids.kubelet) })).at('properties.principalId');
  const control = (await azure.get(ids.control)).at('properties.principalId');
  await assign(azure, ids.registry, 'acrPull', kubelet, randomUUID());
  await assign(azure, ids.kubelet, 'managedIdentityOperator', control, randomUUID());
}

/** The tags with which createCluster marks what it makes. */
function marksOf(name: string): Record<string, string> {
  return { [markTags.workflow]: clusterWorkflowId(reference(name)), [markTags.run]: 'earlier' };
}

interface Config {
  fqdn: string;
  ipAddresses: string[];
}

/** Starts the scenario with the input that the world says. */
export function startScenario(place: ScenarioPlace, world: DrawnWorld): Promise<ScenarioHandle<ScenarioResult>> {
  const { client, name } = place;
  const cluster = reference(name);
  const elsewhere = world.oddities.includes('recordsByPolicy') && ({ privateDns: 'managedElsewhere' } as const);
  const registry =
    world.registry === 'own' ? ({ mode: 'bringYourOwn', ...elsewhere } as const) : ({ mode: 'managed' } as const);
  const { probes, accept, dryRun } = world;
  const profile = world.profile && { profile: world.profile };
  const reimage = world.ladder && { reimage: { ladder: world.ladder } };
  switch (world.scenario) {
    case 'create':
      return client.createCluster(
        input(name, {
          registry,
          dryRun,
          ...profile,
          apiServerAccess: world.apiServer === 'vnetIntegration' ? 'vnetIntegration' : 'privateLink',
        }),
      );
    case 'isolate':
      return client.isolateCluster({ cluster, registry, probes, accept, dryRun, ...profile, ...reimage });
    case 'changeRegistry':
      return client.changeRegistry({
        cluster,
        registry,
        probes,
        accept,
        dryRun,
        ...reimage,
        oldRegistry: world.deletes ? 'delete' : 'keep',
      });
    case 'disable':
      return client.disableIsolation({
        cluster,
        dryRun,
        ...reimage,
        ...(world.outboundType !== undefined && { outboundType: world.outboundType }),
      });
    case 'reimage':
      return client.reimageNodePools({ cluster, dryRun, ...reimage });
    case 'delete':
      return client.deleteCluster({ cluster, dryRun, alsoDelete: world.deletes ? [...clusterParts] : [] });
    case 'audit':
      return client.auditCluster({ cluster, accept, probes });
  }
}

/** Has happen what happens in the middle. @returns the ID of the fault. */
export async function disturb(
  { azure }: ScenarioPlace,
  ids: WorldIds,
  { meanwhile, fault }: DrawnWorld,
): Promise<string | undefined> {
  const id = fault && randomUUID();
  if (fault) {
    const { effect, only }: Effect = faultKinds[fault.kind];
    const method = only === undefined ? '*' : 'PUT';
    await azure.fault({
      method,
      path: '^/subscriptions',
      after: only ? fault.request % 6 : fault.request,
      ...effect,
      id,
    });
  }
  if (!meanwhile) return id;
  const { status, body } = await azure.send('POST', '/simulator/others', {
    path: `${ids.cluster}(/agentPools/.*)?$`,
    method: 'PUT',
    after: meanwhile.write - 1,
    when: 'before',
    does: doing(meanwhile.does, ids),
  });
  if (status >= 300) throw new Error(JSON.stringify(body));
  return id;
}

const lateGateway = (nodes: string): string => nodes.replace(/virtualNetworks.*/, 'natGateways/late');

function doing(does: OthersDoing, { cluster, nodes, registry }: WorldIds): object[] {
  switch (does) {
    case 'addPool':
      return [
        {
          method: 'PUT',
          path: `${cluster}/agentPools/late`,
          body: { properties: { mode: 'User', count: 1, vmSize: 'Standard_D4ds_v5' } },
        },
      ];
    case 'publicService':
      return [
        {
          method: 'POST',
          path: `${cluster}/runCommand`,
          body: { command: 'kubectl create service loadbalancer late --tcp=80' },
        },
      ];
    case 'openSubnet':
      return [
        {
          method: 'PUT',
          path: nodes,
          body: { properties: { addressPrefix: '10.10.0.0/20', defaultOutboundAccess: true } },
        },
      ];
    case 'natGateway':
      return [
        {
          method: 'PUT',
          path: lateGateway(nodes),
          body: { location, sku: { name: 'Standard' }, properties: {} },
        },
        {
          method: 'PUT',
          path: nodes,
          body: {
            properties: {
              addressPrefix: '10.10.0.0/20',
              defaultOutboundAccess: false,
              natGateway: { id: lateGateway(nodes) },
            },
          },
        },
      ];
    case 'closeRegistry':
      return [{ id: registry, provisioningState: 'Failed' }];
  }
}
