import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { checkRanges } from '../../arm/addresses.ts';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { parentPath } from '../../arm/ids.ts';
import { type Body, withoutNulls, withoutUndefined } from '../../arm/json.ts';
import type { Provider } from '../../arm/provider.ts';
import { normalLocation } from '../../arm/regions.ts';
import type { Resource } from '../../arm/store.ts';
import { propertiesOf } from '../../arm/store.ts';
import { transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { networkNames, networkTransitions, withEtag } from './style.ts';

const vnetType = 'Microsoft.Network/virtualNetworks';
const subnetType = 'Microsoft.Network/virtualNetworks/subnets';
const transitions = networkTransitions(10);

const subnetProperties = z.looseObject({
  addressPrefix: z.string().optional(),
  addressPrefixes: z.array(z.string()).optional(),
  delegations: z
    .array(z.looseObject({ name: z.string(), properties: z.looseObject({ serviceName: z.string() }) }))
    .nullish(),
});
type SubnetProperties = z.infer<typeof subnetProperties>;
const subnetBody = z.looseObject({ properties: subnetProperties });
const vnetBody = z.looseObject({
  location: z.string(),
  tags: z.record(z.string(), z.string()).optional(),
  properties: z.looseObject({
    addressSpace: z.looseObject({ addressPrefixes: z.array(z.string()).min(1) }),
    subnets: z.array(z.looseObject({ name: z.string(), properties: subnetProperties })).nullish(),
  }),
});
const tagsBody = z.looseObject({ tags: z.record(z.string(), z.string()).optional() });

/** Virtual networks and their subnets. A subnet is a resource of its own; its network shows all of them. */
export const virtualNetworks: Provider = {
  types: [
    {
      kind: 'stored',
      type: vnetType,
      tracked: true,
      names: networkNames(64),
      etagHeader: true,
      view: vnetView,
      transitions,
      put: putVnet,
      patch(request, vnet): Reply {
        const sent = parseBody(request, tagsBody);
        request.world.store.put(vnet.id, vnetType, { ...vnet.body, tags: sent.tags ?? vnet.body.tags });
        return { status: 200, body: vnetView(vnet, request.world) };
      },
      delete: removeVnet,
    },
    {
      kind: 'stored',
      type: subnetType,
      names: networkNames(80),
      etagHeader: true,
      view: subnetView,
      notFound: (request) =>
        new ArmError(404, 'NotFound', `Resource ${request.resourceId} not found.`, { details: [] }),
      transitions,
      put: putSubnet,
      delete: removeSubnet,
    },
  ],
  behaviours: [
    {
      id: 'vnet-updating',
      resourceType: 'Microsoft.Network/virtualNetworks',
      says: 'A network or subnet PUT answers 201 (200 on update) in state Updating, not Creating, and takes up to 10 s.',
      evidence: 'recorded',
      source: 'azure-cli test_aks_network_isolated_cluster.yaml',
      test: 'network.test.ts: an update answers 200, Updating until its end ten seconds later; a deletion both headers',
    },
    {
      id: 'subnet-put-replaces',
      resourceType: 'Microsoft.Network/virtualNetworks/subnets',
      says: 'A subnet PUT replaces the whole subnet; defaultOutboundAccess is echoed only when sent.',
      evidence: 'recorded',
      source: 'azure-cli test_aks_network_isolated_cluster.yaml; azure-cli network recordings',
      test: 'network.test.ts: a subnet PUT replaces the subnet and changes every ETag of the network',
    },
    {
      id: 'subnet-writes-serial',
      resourceType: 'Microsoft.Network/virtualNetworks/subnets',
      says: 'A second write under one network gets 409 AnotherOperationInProgress while the first is running.',
      evidence: 'recorded',
      source: 'hashicorp/terraform-provider-azurerm#8135 (the status is modelled)',
      test: 'network.test.ts: writes under one network are serial',
    },
    {
      id: 'subnet-ranges',
      resourceType: 'Microsoft.Network/virtualNetworks/subnets',
      says: 'Overlapping subnets get NetcfgInvalidSubnet, those outside the network NetcfgSubnetRangeOutsideVnet.',
      evidence: 'recorded',
      source: 'Azure/azure-rest-api-specs#14202',
      test: 'network.test.ts: an %s range is refused',
    },
    {
      id: 'subnet-in-use',
      resourceType: 'Microsoft.Network/virtualNetworks/subnets',
      says: 'A subnet that holds an interface, a node pool or an API server cannot be deleted: InUseSubnetCannotBeDeleted.',
      evidence: 'modelled',
      source: "the code is Azure's; its status and text are ours",
      test: 'network.test.ts: a subnet in use stays, and keeps its delegation',
    },
    {
      id: 'vnet-etags',
      resourceType: 'Microsoft.Network/virtualNetworks',
      says: 'Every change of a child changes the ETag of the network and of all its subnets.',
      evidence: 'recorded',
      source: 'azure-cli network recordings',
      test: 'network.test.ts: a subnet PUT replaces the subnet and changes every ETag of the network',
    },
  ],
};

/** Creates a finished network from inside the cloud, as AKS does. Subnets: name → properties. */
export function createVnet(
  world: World,
  id: string,
  location: string,
  addressPrefix: string,
  subnets: Readonly<Record<string, Body>>,
): void {
  const addressSpace = { addressPrefixes: [addressPrefix] };
  world.store.put(id, vnetType, vnetResource(id, location, undefined, { addressSpace }, 'Succeeded'));
  for (const [name, properties] of Object.entries(subnets)) {
    const subnet = `${id}/subnets/${name}`;
    world.store.put(subnet, subnetType, subnetResource(subnet, subnetProperties.parse(properties), 'Succeeded'));
  }
}

/** The address ranges of a subnet; empty when it does not exist. */
export function subnetRanges(world: World, id: string): string[] {
  const subnet = world.store.get(id);
  return subnet?.type === subnetType ? prefixesOf(subnetProperties.parse(subnet.body.properties)) : [];
}

/** The services a subnet is delegated to. */
export function delegationsOf(world: World, id: string): string[] {
  const subnet = world.store.get(id);
  if (subnet?.type !== subnetType) return [];
  return (subnetProperties.parse(subnet.body.properties).delegations ?? []).map((one) => one.properties.serviceName);
}

/** Delegates a subnet from inside the cloud, unless its owner has. */
export function delegateSubnet(world: World, id: string, serviceName: string): void {
  const subnet = world.store.get(id);
  const same = (service: string) => service.toLowerCase() === serviceName.toLowerCase();
  if (!subnet || delegationsOf(world, id).some(same)) return;
  const properties = subnetProperties.parse(subnet.body.properties);
  const delegations = [{ name: 'aks-delegation', properties: { serviceName } }];
  world.store.put(id, subnetType, subnetResource(subnet.id, { ...properties, delegations }, 'Succeeded'));
}

function putVnet(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const sent = parseBody(request, vnetBody);
  const id = existing?.id ?? request.resourceId;
  refuseParallel(world, id);
  const { subnets: sentSubnets, addressSpace, ...rest } = sent.properties;
  const wanted = (sentSubnets ?? []).map((subnet) => ({ id: `${id}/subnets/${subnet.name}`, ...subnet }));
  wanted.forEach((subnet, index) => {
    checkRanges(id, subnet.name, prefixesOf(subnet.properties), addressSpace.addressPrefixes, [
      ...wanted.slice(0, index).map((other) => ({ name: other.name, prefixes: prefixesOf(other.properties) })),
    ]);
  });
  // A network PUT is the whole truth about its subnets: those it leaves out are to be deleted.
  const kept = new Set(wanted.map((subnet) => subnet.id.toLowerCase()));
  const dropped = world.store.list(subnetType, id).filter((subnet) => !kept.has(subnet.id.toLowerCase()));
  for (const subnet of dropped) refuseInUse(world, subnet);
  for (const subnet of wanted) refuseUndelegating(world, world.store.get(subnet.id), subnet.properties);
  for (const subnet of dropped) world.remove(subnet.id);
  const properties = {
    addressSpace,
    ...rest,
    resourceGuid: existing ? propertiesOf(existing).resourceGuid : undefined,
  };
  const vnet = world.store.put(
    id,
    vnetType,
    vnetResource(id, normalLocation(sent.location), sent.tags, properties, 'Updating'),
  );
  for (const subnet of wanted)
    world.store.put(subnet.id, subnetType, subnetResource(subnet.id, subnet.properties, 'Updating'));
  bumpEtags(world, id);
  return transit(world, existing ? transitions.update : transitions.create, {
    id,
    location: normalLocation(sent.location),
    body: () => vnetView(vnet, world),
    atEnd(status) {
      for (const subnet of wanted) world.settle(subnet.id, status);
    },
  });
}

function removeVnet(request: ArmRequest, vnet: Resource): Reply {
  const { world } = request;
  refuseParallel(world, vnet.id);
  for (const subnet of world.store.list(subnetType, vnet.id)) refuseInUse(world, subnet);
  return deletion(world, vnet, vnet);
}

function putSubnet(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const { properties } = parseBody(request, subnetBody);
  const id = existing?.id ?? request.resourceId;
  const vnetId = parentPath(id);
  const vnet = world.store.get(vnetId);
  if (!vnet) throw new ArmError(404, 'NotFound', `Resource ${vnetId} not found.`);
  refuseParallel(world, vnetId);
  const space = vnetBody.parse({ ...vnet.body, properties: propertiesOf(vnet) }).properties.addressSpace
    .addressPrefixes;
  const siblings = world.store.list(subnetType, vnetId).filter((subnet) => subnet !== existing);
  const name = id.split('/').at(-1) ?? '';
  const ranges = siblings.map((one) => ({ name: one.name, prefixes: subnetRanges(world, one.id) }));
  checkRanges(vnetId, name, prefixesOf(properties), space, ranges);
  refuseUndelegating(world, existing, properties);
  const subnet = world.store.put(id, subnetType, subnetResource(id, properties, 'Updating'));
  bumpEtags(world, vnetId);
  return transit(world, existing ? transitions.update : transitions.create, {
    id,
    location: String(vnet.body.location),
    body: () => withEtag(subnet),
  });
}

function removeSubnet(request: ArmRequest, subnet: Resource): Reply {
  const { world } = request;
  const vnet = world.store.get(parentPath(subnet.id));
  refuseParallel(world, parentPath(subnet.id));
  refuseInUse(world, subnet);
  return deletion(world, subnet, vnet ?? subnet);
}

function deletion(world: World, resource: Resource, vnet: Resource): Reply {
  return transit(world, transitions.delete, {
    id: resource.id,
    location: String(vnet.body.location),
    atEnd(status) {
      if (status === 'Succeeded') bumpEtags(world, vnet.id);
    },
  });
}

function refuseParallel(world: World, vnetId: string): void {
  const endpoint = world.store
    .list(subnetType, vnetId)
    .flatMap(({ id }) => world.store.referencesTo(id))
    .find(({ id, type }) => type === 'Microsoft.Network/privateEndpoints' && world.operations.running(id));
  if (endpoint) {
    const message = `Cannot proceed with operation because resource ${endpoint.id} is not in Succeeded state. Resource is in Updating state.`;
    throw new ArmError(429, 'RetryableError', 'A retryable error occurred.', {
      details: [{ code: 'ReferencedResourceNotProvisioned', message }],
    });
  }
  const running = world.operations.runningBelow(vnetId);
  if (!running) return;
  throw new ArmError(
    409,
    'AnotherOperationInProgress',
    `Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: ${running.style?.statusPath?.(running) ?? running.id}.`,
    { details: [] },
  );
}

function refuseInUse(world: World, subnet: Resource): void {
  const [user] = world.store.referencesTo(subnet.id, parentPath(subnet.id));
  if (!user) return;
  throw new ArmError(
    400,
    'InUseSubnetCannotBeDeleted',
    `Subnet ${subnet.name} is in use by ${user.id} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet.`,
    { details: [] },
  );
}

/** While something lives in a delegated subnet, its service association link holds the delegation. */
function refuseUndelegating(world: World, existing: Resource | undefined, properties: SubnetProperties): void {
  if (!existing) return;
  const kept = new Set((properties.delegations ?? []).map((one) => one.properties.serviceName.toLowerCase()));
  const lost = delegationsOf(world, existing.id).find((service) => !kept.has(service.toLowerCase()));
  if (lost === undefined || world.store.referencesTo(existing.id, parentPath(existing.id)).length === 0) return;
  throw new ArmError(
    400,
    'SubnetMissingRequiredDelegation',
    `Subnet ${existing.id} requires any of the following delegation(s) [${lost}] to reference service association link.`,
  );
}

function prefixesOf({ addressPrefix, addressPrefixes }: SubnetProperties): string[] {
  return addressPrefix === undefined ? (addressPrefixes ?? []) : [addressPrefix];
}

function bumpEtags(world: World, vnetId: string): void {
  const vnet = world.store.get(vnetId);
  if (!vnet) return;
  vnet.etag = randomUUID();
  for (const subnet of world.store.list(subnetType, vnetId)) subnet.etag = vnet.etag;
}

/** With what is in the subnet. */
function subnetView(subnet: Resource, world: World): Body {
  const users = world.store.referencesTo(subnet.id);
  const inside = (wanted: string) => users.filter(({ type }) => type === wanted);
  const ipConfigurations = inside('Microsoft.Network/networkInterfaces').flatMap((nic) => {
    const { ipConfigurations: all } = propertiesOf(nic);
    return Array.isArray(all) ? all.map(({ id }: Body) => ({ id })) : [];
  });
  const privateEndpoints = inside('Microsoft.Network/privateEndpoints').map(({ id }) => ({ id }));
  return {
    ...withEtag(subnet),
    properties: {
      ...propertiesOf(subnet),
      ...(ipConfigurations.length > 0 && { ipConfigurations }),
      ...(privateEndpoints.length > 0 && { privateEndpoints }),
    },
  };
}

function vnetView(vnet: Resource, world: World): Body {
  const subnets = world.store.list(subnetType, vnet.id).map((subnet) => subnetView(subnet, world));
  return { ...withEtag(vnet), properties: { ...propertiesOf(vnet), subnets } };
}

function vnetResource(id: string, location: string, tags: unknown, properties: Body, provisioningState: string): Body {
  // enableVmProtection is retired: sent by old clients, never echoed.
  const { enableVmProtection: _retired, ...kept } = properties;
  const body = {
    name: id.split('/').at(-1),
    id,
    type: vnetType,
    location,
    tags,
    properties: {
      privateEndpointVNetPolicies: 'Disabled',
      virtualNetworkPeerings: [],
      enableDdosProtection: false,
      ...withoutUndefined(kept),
      resourceGuid: kept.resourceGuid ?? randomUUID(),
      provisioningState,
    },
  };
  return withoutUndefined(body);
}

function subnetResource(id: string, sent: SubnetProperties, provisioningState: string): Body {
  // A body that was read and is sent back has what only a view shows.
  const { ipConfigurations: _shown, privateEndpoints: _too, ...cleaned } = subnetProperties.parse(withoutNulls(sent));
  const delegations = (cleaned.delegations ?? []).map((delegation) => ({
    name: delegation.name,
    id: `${id}/delegations/${delegation.name}`,
    type: `${subnetType}/delegations`,
    properties: {
      provisioningState: 'Succeeded',
      serviceName: delegation.properties.serviceName,
      actions: ['Microsoft.Network/virtualNetworks/subnets/join/action'],
    },
  }));
  return {
    name: id.split('/').at(-1),
    id,
    type: subnetType,
    properties: {
      privateEndpointNetworkPolicies: 'Disabled',
      privateLinkServiceNetworkPolicies: 'Enabled',
      ...cleaned,
      delegations,
      provisioningState,
    },
  };
}
