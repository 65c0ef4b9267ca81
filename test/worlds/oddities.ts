import { randomUUID } from 'node:crypto';
import { kubectl, reference } from '../scenarios/existingCluster.ts';
import { versioned } from '../support/arm.ts';
import { subscriptionId } from '../support/azure.ts';
import { aRecord, type OwnRegistryIds, roles } from '../support/ownRegistry.ts';
import type { ScenarioPlace } from '../sweep/scenarios.ts';
import type { WorldShape } from './shape.ts';

/** IDs of a world's resources. */
export interface WorldIds extends OwnRegistryIds {
  network: string;
  nodes: string;
  control: string;
}

type Properties = Record<string, unknown>;

interface OddityKind {
  /** Whether a world can have it. */
  possible(world: WorldShape): boolean;
  /** Changes the cluster's request. */
  shape?(body: { properties: Properties; pools: Properties[] }): void;
  /** Changes what is around the cluster, once it is there. */
  arrange?(place: ScenarioPlace, ids: WorldIds): Promise<unknown>;
  /** Words of the problems, failures, checks and gaps that it gives rise to. */
  explains: RegExp;
}

const location = 'westeurope';
const existing = ({ scenario }: WorldShape): boolean => scenario !== 'create';
const inOwnNetwork = (world: WorldShape): boolean => existing(world) && world.network === 'own';
const always = (): boolean => true;
/** A registry of one's own that is there already. */
const takesRegistry = ({ registry, scenario }: WorldShape): boolean =>
  registry === 'own' && ['create', 'isolate', 'changeRegistry'].includes(scenario);

/** The subnet of the nodes as it is, but for this. */
async function changeNodes({ azure }: ScenarioPlace, { nodes }: WorldIds, more: Properties): Promise<void> {
  const { addressPrefix, defaultOutboundAccess } = (await azure.get(nodes)).at('properties') as Properties;
  await azure.put(nodes, { properties: { addressPrefix, defaultOutboundAccess, ...more } });
}

async function routes(place: ScenarioPlace, ids: WorldIds, prefixes: readonly string[]): Promise<void> {
  const id = `${ids.group}/providers/Microsoft.Network/routeTables/out`;
  const routes = prefixes.map((addressPrefix, index) => ({
    name: `r${index}`,
    properties: { addressPrefix, nextHopType: 'Internet' },
  }));
  await place.azure.put(id, { location, properties: { routes } });
  await changeNodes(place, ids, { routeTable: { id } });
}

const runCommandAnswers = async ({ azure }: ScenarioPlace, { cluster }: WorldIds, status: number, code: string) => {
  const answer = { status, code, message: `${code}, in this world`, wrapped: status === 403 };
  await azure.fault({ method: 'POST', path: `${cluster}/runCommand$`, times: 100_000, answer });
};

const readForbidden = (azure: ScenarioPlace['azure'], path: string) => {
  const answer = { status: 403, code: 'AuthorizationFailed', message: 'AuthorizationFailed, in this world' };
  return azure.fault({ method: 'GET', path, times: 100_000, answer });
};

/** Runs a command inside of the cluster, as somebody of its owner's does. */
const inside = ({ azure, name }: ScenarioPlace, command: string): Promise<string> =>
  kubectl(azure, reference(name), command);

/** The registry under the name that the scenario looks for. */
const putRegistry = ({ azure }: ScenarioPlace, { registry }: WorldIds, properties: Properties): Promise<unknown> =>
  azure.put(registry, { location, sku: { name: 'Premium' }, properties });

/** In place of those that are in force. */
async function putPolicies({ azure }: ScenarioPlace, ...policies: { name: string; type?: string; does: object }[]) {
  const scope = `/subscriptions/${subscriptionId}`;
  const all = policies.map((policy) => ({ scope, ...policy }));
  const { status, body } = await azure.send('PUT', '/simulator/policies', all);
  if (status >= 300) throw new Error(JSON.stringify(body));
}

const lock = (scope: string, level: string) =>
  [`${scope}/providers/Microsoft.Authorization/locks/keep`, { properties: { level } }] as const;

/** The node resource group. */
export async function readNodeGroup({ azure }: ScenarioPlace, { cluster, group }: WorldIds): Promise<string> {
  const name = (await azure.get(cluster)).at('properties.nodeResourceGroup');
  return group.replace(/[^/]+$/, String(name));
}

/** Gives the scale set of the second pool more machines than AKS counts. @returns names of its nodes */
async function moreMachines(place: ScenarioPlace, ids: WorldIds): Promise<string[]> {
  const { azure } = place;
  const sets = versioned(`${await readNodeGroup(place, ids)}/providers/Microsoft.Compute/virtualMachineScaleSets`);
  const { value } = (await azure.send('GET', sets)).body as { value: { id: string; tags?: Properties }[] };
  const set = value.find(({ tags }) => tags?.['aks-managed-poolName'] === 'pool1');
  if (!set) throw new Error('no scale set of pool1');
  const answer = await azure.send('PATCH', versioned(set.id), { sku: { capacity: 4 } });
  // AKS's own restriction keeps everybody else out.
  if (answer.status === 403) return [];
  await azure.answerAtEnd(answer);
  const { value: machines } = (await azure.send('GET', versioned(`${set.id}/virtualMachines`))).body as {
    value: { properties: { osProfile: { computerName: string } } }[];
  };
  return machines.map(({ properties }) => properties.osProfile.computerName);
}

/** Moves endpoint, zone link and DNS server of the registry to a hub that the network is peered with. */
async function moveToHub(place: ScenarioPlace, ids: WorldIds): Promise<void> {
  const { azure } = place;
  const hub = `${ids.group}/providers/Microsoft.Network/virtualNetworks/hub`;
  const subnets = [{ name: 'endpoints', properties: { addressPrefix: '10.77.0.0/24' } }];
  await azure.put(hub, { location, properties: { addressSpace: { addressPrefixes: ['10.77.0.0/16'] }, subnets } });
  for (const [from, to] of [
    [hub, ids.network],
    [ids.network, hub],
  ])
    await azure.put(`${from}/virtualNetworkPeerings/peer`, { properties: { remoteVirtualNetwork: { id: to } } });
  const endpoint = `${ids.group}/providers/Microsoft.Network/privateEndpoints/in-hub`;
  const properties = { privateLinkServiceId: ids.registry, groupIds: ['registry'] };
  const made = await azure.put(endpoint, {
    location,
    properties: {
      subnet: { id: `${hub}/subnets/endpoints` },
      privateLinkServiceConnections: [{ name: 'hub', properties }],
    },
  });
  for (const { fqdn, ipAddresses } of made.at('properties.customDnsConfigs') as Config[])
    await azure.put(`${ids.zone}/A/${fqdn.replace(/\.azurecr\.io$/, '')}`, aRecord(...ipAddresses));
  await azure.remove(ids.privateEndpoint);
  await azure.remove(ids.link);
  // The API server has a zone of its own, in the node resource group, which the hub's server has to know as well.
  const zones = versioned(`${await readNodeGroup(place, ids)}/providers/Microsoft.Network/privateDnsZones`);
  const { value = [] } = (await azure.send('GET', zones)).body as { value?: { id: string }[] };
  for (const zone of [ids.zone, ...value.map(({ id }) => id)]) {
    const link = { virtualNetwork: { id: hub }, registrationEnabled: false };
    const path = versioned(`${zone}/virtualNetworkLinks/hub`);
    const answer = await azure.send('PUT', path, { location: 'global', properties: link });
    // AKS's own restriction keeps everybody else out.
    if (answer.status !== 403) await azure.answerAtEnd(answer);
  }
  const { properties: network } = (await azure.get(ids.network)).body as { properties: Properties };
  await azure.put(ids.network, {
    location,
    properties: { ...network, dhcpOptions: { dnsServers: ['10.77.1.4'] } },
  });
}

interface Config {
  fqdn: string;
  ipAddresses: string[];
}

/** In the order in which they come about: settings of clusters as people have them, doings of their owners, and rules of their companies. */
export const oddities = {
  kubenet: {
    possible: (world) =>
      existing(world) && world.network === 'managed' && !world.isolated && world.apiServer !== 'vnetIntegration',
    shape: ({ properties }) => {
      properties.networkProfile = { ...(properties.networkProfile as Properties), networkPlugin: 'kubenet' };
    },
    explains: /kubenet/,
  },
  httpProxy: {
    possible: (world) => inOwnNetwork(world) && !world.isolated,
    shape: ({ properties }) => {
      properties.httpProxyConfig = { httpProxy: 'http://10.10.0.200:3128', httpsProxy: 'http://10.10.0.200:3128' };
    },
    explains: /proxy|open/i,
  },
  managedNATGateway: {
    possible: (world) => existing(world) && !world.isolated && world.network === 'managed',
    shape: ({ properties }) => {
      properties.networkProfile = { ...(properties.networkProfile as Properties), outboundType: 'managedNATGateway' };
    },
    explains: /never/,
  },
  nodeProvisioning: {
    possible: (world) => existing(world) && !world.isolated,
    shape: ({ properties }) => {
      properties.nodeProvisioningProfile = { mode: 'Auto' };
    },
    explains: /node auto provisioning|nodeProvisioning/i,
  },
  disruptionBlocked: {
    possible: existing,
    shape: ({ properties }) => {
      properties.nodeDisruptionProfile = { nodeDisruptionPolicy: 'Block' };
    },
    explains: /disruption|OperationNotAllowed/i,
  },
  nodeGroupRestricted: {
    possible: existing,
    shape: ({ properties }) => {
      properties.nodeResourceGroupProfile = { restrictionLevel: 'ReadOnly' };
    },
    explains: /restrict|deny|denied|ReadOnly|node resource group/i,
  },
  virtualMachinesPool: {
    possible: (world) => existing(world) && !world.isolated,
    shape: ({ pools }) => {
      const virtualMachinesProfile = { scale: { manual: [{ size: 'Standard_D4ds_v5', count: 1 }] } };
      pools.push({ name: 'vms', mode: 'User', type: 'VirtualMachines', virtualMachinesProfile, ...subnetOf(pools) });
    },
    explains: /scale set|VirtualMachine/i,
  },
  unmanagedChannel: {
    possible: (world) => existing(world) && !world.isolated,
    shape: ({ properties }) => {
      properties.autoUpgradeProfile = { nodeOSUpgradeChannel: 'Unmanaged' };
    },
    explains: /OS upgrade channel/,
  },
  windowsPool: {
    possible: (world) => existing(world) && !world.isolated,
    shape: ({ pools }) => {
      pools.push({
        name: 'win',
        mode: 'User',
        count: 1,
        vmSize: 'Standard_D4ds_v5',
        osType: 'Windows',
        ...subnetOf(pools),
      });
    },
    explains: /Windows/,
  },
  nodePublicAddresses: {
    possible: existing,
    shape: ({ pools }) => {
      Object.assign(pools[0] ?? {}, { enableNodePublicIP: true });
    },
    explains: /public IP|nodePublicAddresses|open/,
  },
  egressGateway: {
    possible: existing,
    shape: ({ pools }) => {
      pools.push({
        name: 'egress',
        mode: 'Gateway',
        count: 1,
        vmSize: 'Standard_D4ds_v5',
        gatewayProfile: { publicIPPrefixSize: 31 },
        nodeTaints: ['kubeegressgateway.azure.com/mode=true:NoSchedule'],
        ...subnetOf(pools),
      });
    },
    explains: /static egress gateway|public IP|nodePublicAddresses|open/,
  },
  extensionWithEgress: {
    possible: existing,
    arrange: ({ azure }, { cluster }) =>
      azure.put(`${cluster}/providers/Microsoft.KubernetesConfiguration/extensions/flux`, {
        identity: { type: 'SystemAssigned' },
        properties: { extensionType: 'microsoft.flux' },
      }),
    explains: /extension/i,
  },
  longTermOnly: {
    possible: existing,
    arrange: ({ azure }) => azure.send('PUT', '/simulator/kubernetes', { '1.34': 'longTerm' }),
    explains: /long.?term|LTS|K8sVersionNotSupported|support/i,
  },
  tightBudget: {
    possible: existing,
    async arrange(place) {
      await inside(place, 'kubectl create deployment web --image=mcr.microsoft.com/web:1 --replicas=1');
      await inside(place, 'kubectl create poddisruptionbudget web --selector=app=web --min-available=1');
    },
    explains: /disruption|budget|drain/i,
  },
  publicService: {
    possible: (world) => existing(world) && !world.isolated,
    arrange: (place) => inside(place, 'kubectl create service loadbalancer web --tcp=80'),
    explains: /public/i,
  },
  natGateway: {
    possible: inOwnNetwork,
    async arrange(place, ids) {
      const address = `${ids.group}/providers/Microsoft.Network/publicIPAddresses/out`;
      await place.azure.put(address, {
        location,
        sku: { name: 'Standard' },
        properties: { publicIPAllocationMethod: 'Static' },
      });
      const id = `${ids.group}/providers/Microsoft.Network/natGateways/out`;
      await place.azure.put(id, {
        location,
        sku: { name: 'Standard' },
        properties: { publicIpAddresses: [{ id: address }] },
      });
      await changeNodes(place, ids, { natGateway: { id } });
    },
    explains: /NAT gateway|natGateway|open/i,
  },
  emptyNatGateway: {
    possible: inOwnNetwork,
    async arrange(place, ids) {
      const id = `${ids.group}/providers/Microsoft.Network/natGateways/empty`;
      await place.azure.put(id, { location, sku: { name: 'Standard' }, properties: {} });
      await changeNodes(place, ids, { natGateway: { id } });
    },
    // Nothing goes out by it.
    explains: /has no public IP address/,
  },
  defaultRoute: {
    possible: inOwnNetwork,
    arrange: (place, ids) => routes(place, ids, ['0.0.0.0/0']),
    explains: /route|open/i,
  },
  halfRoutes: {
    possible: inOwnNetwork,
    arrange: (place, ids) => routes(place, ids, ['0.0.0.0/1', '128.0.0.0/1']),
    explains: /route|open/i,
  },
  serviceEndpoint: {
    possible: inOwnNetwork,
    // A run that changes the subnet must not lose it.
    arrange: (place, ids) => changeNodes(place, ids, { serviceEndpoints: [{ service: 'Microsoft.Storage' }] }),
    explains: /never/,
  },
  openSubnet: {
    possible: inOwnNetwork,
    arrange: (place, ids) => changeNodes(place, ids, { defaultOutboundAccess: true }),
    explains: /outbound access|defaultOutboundAccess|open/i,
  },
  ownDnsServer: {
    possible: inOwnNetwork,
    async arrange({ azure }, { network }) {
      const { addressSpace } = (await azure.get(network)).at('properties') as { addressSpace: object };
      await azure.put(network, {
        location,
        properties: { addressSpace, dhcpOptions: { dnsServers: ['10.10.0.250'] } },
      });
      await azure.send('PUT', '/simulator/machines', { '10.10.0.250': { dns: 'internet' } });
    },
    explains: /DNS|resolve|pull|reach|NotProven|KubernetesOperationError|exit status|open|image/i,
  },
  hubAndSpoke: {
    // The owner of such a landing zone says what a scenario makes in it.
    possible: (world) => world.scenario === 'audit' && world.has === 'own',
    arrange: moveToHub,
    explains: /never/,
  },
  stopped: {
    possible: existing,
    async arrange({ azure }, { cluster }) {
      await azure.answerAtEnd(await azure.send('POST', `${cluster}/stop?api-version=2026-06-01`));
    },
    explains: /[Ss]topped/,
  },
  lockedGroup: {
    possible: existing,
    arrange: ({ azure }, { group }) => azure.put(...lock(group, 'CanNotDelete')),
    explains: /lock/i,
  },
  lockedCluster: {
    possible: existing,
    arrange: ({ azure }, { cluster }) => azure.put(...lock(cluster, 'ReadOnly')),
    explains: /lock|run-command|looked at|pulled|closed/i,
  },
  lockedNodeGroup: {
    possible: existing,
    async arrange(place, ids) {
      const [id, body] = lock(await readNodeGroup(place, ids), 'ReadOnly');
      const { status } = await place.azure.send('PUT', versioned(id), body);
      // AKS's own restriction keeps everybody else out.
      if (status >= 300 && status !== 403) throw new Error(`lock: ${status}`);
    },
    explains: /lock/i,
  },
  locksForbidden: {
    possible: existing,
    arrange: ({ azure }) => readForbidden(azure, '/Microsoft.Authorization/locks$'),
    explains: /never/,
  },
  clustersForbidden: {
    possible: ({ scenario }) => scenario === 'delete' || scenario === 'changeRegistry',
    arrange: ({ azure }) => readForbidden(azure, '/Microsoft.ContainerService/managedClusters$'),
    explains: /may not be listed/,
  },
  runCommandForbidden: {
    possible: existing,
    arrange: (place, ids) => runCommandAnswers(place, ids, 403, 'AuthorizationFailed'),
    explains: /AuthorizationFailed|NotReimaged|not reimaged|run-command/i,
  },
  runCommandFails: {
    possible: existing,
    arrange: (place, ids) => runCommandAnswers(place, ids, 404, 'KubernetesOperationError'),
    explains: /KubernetesOperationError|NotReimaged|run-command/i,
  },
  runCommandDisabled: {
    possible: existing,
    shape: ({ properties }) => {
      properties.apiServerAccessProfile = {
        ...(properties.apiServerAccessProfile as Properties),
        disableRunCommand: true,
      };
    },
    explains: /RunCommandDisabled|run-command|NotReimaged|not reimaged/i,
  },
  marksStripped: {
    possible: always,
    arrange: (place) =>
      putPolicies(place, {
        name: 'strip',
        does: {
          effect: 'modify',
          operations: ['workflow', 'run'].map((mark) => ({ operation: 'remove', path: `tags.aks-isolation-${mark}` })),
        },
      }),
    explains: /NotOwned|somebody else|created by|not this product|marks/i,
  },
  tokensOff: {
    possible: takesRegistry,
    arrange: (place, ids) =>
      putRegistry(place, ids, {
        publicNetworkAccess: 'Disabled',
        policies: { azureADAuthenticationAsArmPolicy: { status: 'disabled' } },
      }),
    explains: /token/i,
  },
  abacRegistry: {
    possible: takesRegistry,
    arrange: (place, ids) =>
      putRegistry(place, ids, {
        publicNetworkAccess: 'Disabled',
        roleAssignmentMode: 'AbacRepositoryPermissions',
      }),
    explains: /never/,
  },
  conditionalRole: {
    possible: (world) => existing(world) && takesRegistry(world),
    async arrange(place, ids) {
      const { azure } = place;
      const { cluster, registry } = ids;
      if ((await azure.get(registry)).status === 404)
        await putRegistry(place, ids, { publicNetworkAccess: 'Disabled' });
      const principalId = (await azure.get(cluster)).at('properties.identityProfile.kubeletidentity.objectId');
      const role = `${registry}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
      const { status, body } = await azure.send('PUT', `${role}?api-version=2022-04-01`, {
        properties: {
          roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${roles.acrPull}`,
          principalId,
          principalType: 'ServicePrincipal',
          condition: "@Resource[Microsoft.ContainerRegistry/registries/repositories:name] StringStartsWith 'team-a/'",
          conditionVersion: '2.0',
        },
      });
      if (status >= 300) throw new Error(JSON.stringify(body));
    },
    explains: /condition|AcrPull|may not pull|exit status=212/i,
  },
  basicRegistry: {
    possible: takesRegistry,
    arrange: ({ azure }, { registry }) => azure.put(registry, { location, sku: { name: 'Basic' } }),
    explains: /Premium|SKU/i,
  },
  openRegistry: {
    possible: takesRegistry,
    arrange: (place, ids) => putRegistry(place, ids, { publicNetworkAccess: 'Enabled' }),
    explains: /never/,
  },
  registriesDenied: {
    possible: (world) => world.registry === 'own' || world.scenario === 'create' || world.scenario === 'isolate',
    arrange: (place) =>
      putPolicies(place, { name: 'none', type: 'Microsoft.ContainerRegistry/registries', does: { effect: 'deny' } }),
    explains: /polic/i,
  },
  zoneElsewhere: {
    // Azure links a network to one zone of a name.
    possible: (world) => inOwnNetwork(world) && !world.isolated,
    async arrange({ azure }, { network }) {
      const group = `/subscriptions/${subscriptionId}/resourceGroups/rg-dns`;
      await azure.put(group, { location });
      const zone = `${group}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io`;
      await azure.put(zone, { location: 'global' });
      await azure.put(`${zone}/virtualNetworkLinks/spoke`, {
        location: 'global',
        properties: { virtualNetwork: { id: network }, registrationEnabled: false },
      });
    },
    explains: /zone|DNS|resolve|record/i,
  },
  recordsByPolicy: {
    possible: (world) =>
      world.registry === 'own' &&
      (world.scenario === 'create' || (world.scenario === 'isolate' && world.network === 'own' && !world.isolated)),
    async arrange(place, { network }) {
      const { azure } = place;
      const group = `/subscriptions/${subscriptionId}/resourceGroups/rg-dns`;
      const zone = `${group}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io`;
      await azure.put(group, { location });
      await azure.put(zone, { location: 'global' });
      const link = (id: string) => ({
        location: 'global',
        properties: { virtualNetwork: { id }, registrationEnabled: false },
      });
      if ((await azure.get(network)).status !== 404)
        await azure.put(`${zone}/virtualNetworkLinks/spoke`, link(network));
      const records = { privateDnsZoneConfigs: [{ name: '{name}', properties: { privateDnsZoneId: zone } }] };
      await putPolicies(
        place,
        {
          name: 'records',
          type: 'Microsoft.Network/privateEndpoints',
          does: {
            effect: 'deployIfNotExists',
            deploys: [{ path: '{id}/privateDnsZoneGroups/deployedByPolicy', body: { properties: records } }],
          },
        },
        {
          name: 'links',
          type: 'Microsoft.Network/virtualNetworks',
          does: {
            effect: 'deployIfNotExists',
            deploys: [{ path: `${zone}/virtualNetworkLinks/{name}`, body: link('{id}') }],
          },
        },
      );
    },
    explains: /never/,
  },
  silentNode: {
    possible: (world) => existing(world) && (world.pools[1]?.count ?? 0) > 0,
    async arrange({ azure }, { cluster }) {
      const { status, body } = await azure.send('POST', '/simulator/nodes', {
        cluster,
        pool: 'pool1',
        becomes: 'silent',
      });
      if (status >= 300) throw new Error(JSON.stringify(body));
    },
    explains: /not ready|pool1/,
  },
  machineTooMany: {
    possible: (world) => existing(world) && (world.pools[1]?.count ?? 0) > 0,
    arrange: moreMachines,
    explains: /AKS counts|its scale set has/,
  },
  deallocated: {
    possible: (world) => existing(world) && (world.pools[1]?.count ?? 0) > 0,
    shape: ({ pools }) => {
      Object.assign(pools[1] ?? {}, { scaleDownMode: 'Deallocate' });
    },
    async arrange(place, ids) {
      const nodes = await moreMachines(place, ids);
      // AKS scales the last node down.
      for (const name of nodes.slice(1)) {
        const change = { cluster: ids.cluster, name, becomes: 'silent' };
        const { status, body } = await place.azure.send('POST', '/simulator/nodes', change);
        if (status >= 300) throw new Error(JSON.stringify(body));
      }
    },
    explains: /scaleDownMode Deallocate|AKS counts|its scale set has|not ready/,
  },
  openPods: {
    possible: (world) => inOwnNetwork(world) && world.pods,
    async arrange({ azure }, { network }) {
      const id = `${network}/subnets/pods`;
      const { provisioningState: _state, ...properties } = (await azure.get(id)).at('properties') as Properties;
      await azure.put(id, { properties: { ...properties, defaultOutboundAccess: true } });
    },
    explains: /outbound access|defaultOutboundAccess|open/i,
  },
  // Last: whoever arranges a world is denied, too.
  deniedGroup: {
    possible: always,
    arrange: async ({ azure }, { group }) => {
      const name = 'd0000000-0000-4000-8000-000000000000';
      const actions = ['Microsoft.ContainerService/*/write', '*/delete'];
      // Others may be those whom it excludes.
      const all = [{ name, title: 'stack', scope: group, actions, exclude: ['66666666-6666-4666-8666-666666666666'] }];
      await azure.send('PUT', '/simulator/denyAssignments', all);
    },
    explains: /deny assignment/i,
  },
} as const satisfies Record<string, OddityKind>;

export type Oddity = keyof typeof oddities;
export const oddity = (name: Oddity): OddityKind => oddities[name];

const subnetOf = (pools: readonly Properties[]): Properties => {
  const { vnetSubnetID, podSubnetID } = pools[0] ?? {};
  return { ...(vnetSubnetID !== undefined && { vnetSubnetID }), ...(podSubnetID !== undefined && { podSubnetID }) };
};
