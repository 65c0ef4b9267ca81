import { randomUUID } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { keyOf, parentPath } from '../../arm/ids.ts';
import { type Body, valueAt, withValueAt } from '../../arm/json.ts';
import type { Provider } from '../../arm/provider.ts';
import { normalLocation } from '../../arm/regions.ts';
import type { Resource } from '../../arm/store.ts';
import { propertiesOf } from '../../arm/store.ts';
import { type Transitions, transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { refuseUnlinked } from '../authorization/roles.ts';
import { hasZoneGroup, removeGroupRecords } from './privateDnsZoneGroups.ts';
import { networkNames, networkTransitions, withEtag } from './style.ts';
import { delegationsOf, subnetRanges } from './virtualNetworks.ts';

const type = 'Microsoft.Network/privateEndpoints';
const interfaceType = 'Microsoft.Network/networkInterfaces';
const connectionType = 'Microsoft.ContainerRegistry/registries/privateEndpointConnections';
const transitions = networkTransitions(60, (polls) => Math.min(40, 10 * 2 ** Math.max(0, polls - 1)));
const connectionTransitions = {
  update: {
    verb: 'PUT',
    answers: 201,
    during: 'Updating',
    ends: 'Succeeded',
    seconds: 10,
    style: {
      headers: 'async',
      statusPath: ({ resourceId, id }) => `${parentPath(resourceId)}/operationStatuses/registries-${id}`,
      retryAfter: () => 10,
    },
  },
} as const satisfies Transitions;

const approved = { status: 'Approved', description: 'Auto-Approved', actionsRequired: 'None' };
const pending = { status: 'Pending', description: 'Awaiting Approval', actionsRequired: 'None' };
const disconnected = { status: 'Disconnected', description: 'Deleted', actionsRequired: 'None' };

const connection = z.looseObject({
  name: z.string(),
  properties: z.looseObject({ privateLinkServiceId: z.string(), groupIds: z.array(z.string()).nullish() }),
});
const endpointBody = z.looseObject({
  location: z.string(),
  tags: z.record(z.string(), z.string()).nullish(),
  properties: z.looseObject({
    subnet: z.looseObject({ id: z.string() }),
    privateLinkServiceConnections: z.array(connection).nullish(),
    manualPrivateLinkServiceConnections: z.array(connection).nullish(),
  }),
});
const connectionState = z.looseObject({
  properties: z.looseObject({
    privateLinkServiceConnectionState: z.looseObject({ status: z.enum(['Approved', 'Rejected', 'Disconnected']) }),
  }),
});

/** Private endpoints of container registries, their interfaces, and the registries' side of the connection. */
export const privateEndpoints: Provider = {
  types: [
    {
      kind: 'stored',
      type,
      tracked: true,
      names: networkNames(64),
      etagHeader: true,
      view: endpointView,
      transitions,
      put,
      delete: remove,
    },
    {
      kind: 'stored',
      type: interfaceType,
      tracked: true,
      etagHeader: true,
      view: withEtag,
      delete: (_request, nic) => {
        throw new ArmError(
          400,
          'NicWithPrivateEndpointReferenceCannotBeDeleted',
          `Network interface ${nic.id} is used by private endpoint ${String(nic.body.managedBy)} and cannot be deleted.`,
          { details: [] },
        );
      },
    },
    ...['networkSecurityGroups', 'publicIPAddresses', 'loadBalancers'].map((name) => ({
      kind: 'stored' as const,
      type: `Microsoft.Network/${name}`,
      tracked: true,
      etagHeader: true,
      view: withEtag,
    })),
    { kind: 'stored', type: connectionType, transitions: connectionTransitions, put: decide, delete: disconnect },
  ],
  behaviours: [
    {
      id: 'endpoint-interface',
      resourceType: 'Microsoft.Network/privateEndpoints',
      says: "A registry's endpoint gives the data member the lower address; its interface names all members with their FQDNs.",
      evidence: 'recorded',
      source: 'azure-cli-extensions test_aks_artifact_source.yaml',
      test: 'privateEndpoints.test.ts: an endpoint made through the SDK has its interface, addresses and connection, and takes them along',
    },
    {
      id: 'endpoint-at-the-end',
      resourceType: 'Microsoft.Network/privateEndpoints',
      says: 'The 201 names the interface; addresses and customDnsConfigs come at the end, after 60 s.',
      evidence: 'recorded',
      source: 'azure-cli network test_private_endpoint_connection_acr.yaml (30 to 70 s in another recording)',
      test: 'privateEndpoints.test.ts: the first answer names the interface; addresses come at the end',
    },
    {
      id: 'endpoint-approval',
      resourceType: 'Microsoft.Network/privateEndpoints',
      says: 'A connection is approved by itself; a manual one stays Pending, without addresses in customDnsConfigs, until the registry approves it.',
      evidence: 'recorded',
      source: 'azure-cli network test_private_endpoint_connection_acr.yaml',
      test: 'privateEndpoints.test.ts: gets addresses once the registry approves it, and loses them when rejected',
    },
    {
      id: 'endpoint-needs-premium',
      resourceType: 'Microsoft.Network/privateEndpoints',
      says: 'A registry that is not Premium takes no private endpoint.',
      evidence: 'documented',
      source: 'Microsoft Learn, "Connect privately to an Azure container registry" (the code is modelled)',
      test: 'privateEndpoints.test.ts: %s is refused',
    },
    {
      id: 'endpoint-subnet-busy',
      resourceType: 'Microsoft.Network/privateEndpoints',
      says: 'While its subnet or registry is being changed an endpoint gets 429 RetryableError, and so does a subnet while an endpoint in it is made; a running endpoint itself gets 429 RetryableErrorDueToAnotherOperation.',
      evidence: 'recorded',
      source: 'hashicorp/terraform-provider-azurerm#21293 (for the registry and the endpoint itself: modelled)',
      test: 'privateEndpoints.test.ts: %s',
    },
    {
      id: 'endpoint-delete',
      resourceType: 'Microsoft.Network/privateEndpoints',
      says: 'Deleting an endpoint takes 10 s and its interface and connection along; an interface cannot be deleted by itself.',
      evidence: 'documented',
      source: 'Microsoft Learn, "Manage Azure private endpoints" (the duration is modelled)',
      test: 'privateEndpoints.test.ts: an endpoint made through the SDK has its interface, addresses and connection, and takes them along',
    },
  ],
};

/** Addresses by host name that the approved endpoints of a registry have in a network. */
export function endpointAddresses(world: World, registryId: string, vnetId: string): Record<string, string[]> {
  const ready = world.store.list(type).filter(({ body }) => {
    const subnet = String(valueAt(body, 'properties.subnet.id') ?? '');
    return (
      keyOf(parentPath(subnet)) === keyOf(vnetId) &&
      keyOf(connectionOf(body)?.properties.privateLinkServiceId ?? '') === keyOf(registryId)
    );
  });
  const configs = ready.flatMap(({ body }) => dnsConfigs.parse(propertiesOf({ body })).customDnsConfigs);
  const hosts = new Set(configs.map(({ fqdn }) => fqdn.toLowerCase()));
  const addressesOf = (host: string) =>
    configs.flatMap(({ fqdn, ipAddresses }) => (fqdn.toLowerCase() === host ? ipAddresses : []));
  return Object.fromEntries([...hosts].map((host) => [host, addressesOf(host)]));
}
const dnsConfigs = z.looseObject({
  customDnsConfigs: z.array(z.looseObject({ fqdn: z.string(), ipAddresses: z.array(z.string()) })).default([]),
});

/** Brings the members of a registry's endpoints in line with its regions, as a new replica does. */
export function refreshMembers(world: World, registryId: string): void {
  for (const endpoint of world.store.list(type)) {
    const target = connectionOf(endpoint.body)?.properties.privateLinkServiceId ?? '';
    if (keyOf(target) === keyOf(registryId) && propertiesOf(endpoint).provisioningState === 'Succeeded') {
      showMembers(world, endpoint);
    }
  }
}

/** Before a group with all its endpoints and registries goes: the other sides may be elsewhere. */
export function disconnectGroup(world: World, groupId: string): void {
  for (const endpoint of world.store.list(type, groupId)) forgetConnections(world, endpoint.id);
  for (const registry of world.store.list('Microsoft.ContainerRegistry/registries', groupId)) {
    disconnectEndpoints(world, registry.id);
  }
}

function forgetConnections(world: World, endpointId: string): void {
  for (const side of connectionsOf(world, endpointId)) world.remove(side.id);
}

/** What the endpoints show of a registry that is gone. */
export function disconnectEndpoints(world: World, registryId: string): void {
  for (const endpoint of world.store.list(type)) {
    const target = connectionOf(endpoint.body)?.properties.privateLinkServiceId ?? '';
    if (keyOf(target) === keyOf(registryId)) setState(world, endpoint, disconnected);
  }
}

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const sent = parseBody(request, endpointBody);
  const id = existing?.id ?? request.resourceId;
  const location = normalLocation(sent.location);
  const automatic = sent.properties.privateLinkServiceConnections?.[0];
  const manual = sent.properties.manualPrivateLinkServiceConnections?.[0];
  const link = automatic ?? manual;
  if (!link) throw invalid(`Private endpoint ${id} must have a private link service connection.`);
  const registryId = link.properties.privateLinkServiceId;
  const subnetId = sent.properties.subnet.id;
  checkTarget(world, registryId, link.properties.groupIds ?? []);
  checkSubnet(world, subnetId, location);
  if (!existing) checkRoom(world, subnetId, membersFor(world, registryId).length);
  refuseUnlinked(request, 'Microsoft.Network/virtualNetworks/subnets/join/action', subnetId);
  if (automatic) {
    refuseUnlinked(
      request,
      'Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action',
      registryId,
    );
  }
  if (existing) refuseMove(existing, subnetId, registryId);
  refuseWhileRunning(world, id);
  refuseWhileBusy(world, parentPath(subnetId), registryId);
  // Two spellings were recorded: this one in the first answer, `Auto-Approved` at the end.
  const state = automatic ? { ...approved, description: 'Auto Approved' } : pending;
  const endpoint = store(world, id, existing, { ...sent, location, link, manual: !automatic, state });
  return transit(world, existing ? transitions.update : transitions.create, {
    id,
    location,
    body: () => withEtag(endpoint),
    atEnd(status) {
      const ended = world.store.get(id);
      if (!ended || status !== 'Succeeded') return;
      showConnection(world, ended);
      setState(world, ended, automatic ? approved : pending);
    },
  });
}

/** Makes a finished endpoint from inside the cloud, as AKS does. */
export function createEndpoint(
  world: World,
  wanted: { id: string; location: string; subnet: string; registryId: string; connectionName: string },
): void {
  const { id, location, subnet, registryId, connectionName } = wanted;
  const link = { name: connectionName, properties: { privateLinkServiceId: registryId, groupIds: ['registry'] } };
  const properties = { subnet: { id: subnet } };
  const endpoint = store(world, id, undefined, { location, properties, link, manual: false, state: approved });
  showConnection(world, endpoint);
  setState(world, endpoint, approved);
  world.settle(id, 'Succeeded');
}

interface Wanted {
  readonly location: string;
  readonly tags?: Record<string, string> | null | undefined;
  readonly properties: { readonly subnet: { readonly id: string } };
  readonly link: z.infer<typeof connection>;
  readonly manual: boolean;
  readonly state: Body;
}

function store(world: World, id: string, existing: Resource | undefined, wanted: Wanted): Resource {
  const { location, tags, properties, link, manual, state } = wanted;
  const list = manual ? 'manualPrivateLinkServiceConnections' : 'privateLinkServiceConnections';
  const shown = {
    ...link,
    id: `${id}/${list}/${link.name}`,
    properties: { ...link.properties, provisioningState: 'Succeeded', privateLinkServiceConnectionState: state },
  };
  const before = existing ? propertiesOf(existing) : {};
  return world.store.put(id, type, {
    name: id.split('/').at(-1),
    id,
    type,
    location,
    ...(tags && { tags }),
    properties: {
      resourceGuid: before.resourceGuid ?? randomUUID(),
      privateLinkServiceConnections: [],
      manualPrivateLinkServiceConnections: [],
      [list]: [shown],
      customNetworkInterfaceName: '',
      subnet: { id: properties.subnet.id },
      ipConfigurations: [],
      networkInterfaces: [{ id: interfaceId(existing, id) }],
      customDnsConfigs: before.customDnsConfigs ?? [],
    },
  });
}

/** Names are drawn once; the first answer tells the interface before it is there. */
function interfaceId(existing: Resource | undefined, id: string): string {
  const [first] = existing
    ? z.array(z.looseObject({ id: z.string() })).parse(propertiesOf(existing).networkInterfaces)
    : [];
  if (first) return first.id;
  const group = parentPath(id, 4);
  return `${group}/providers/${interfaceType}/${id.split('/').at(-1)}.nic.${randomUUID()}`;
}

function remove(request: ArmRequest, endpoint: Resource): Reply {
  const { world } = request;
  const subnet = String(valueAt(endpoint.body, 'properties.subnet.id') ?? '');
  refuseWhileRunning(world, endpoint.id);
  refuseWhileBusy(world, parentPath(subnet), undefined);
  return transit(world, transitions.delete, {
    id: endpoint.id,
    location: String(endpoint.body.location),
    atEnd(status) {
      if (status !== 'Succeeded') return;
      for (const nic of world.store.list(interfaceType)) {
        if (keyOf(String(nic.body.managedBy)) === keyOf(endpoint.id)) world.remove(nic.id);
      }
      forgetConnections(world, endpoint.id);
      removeGroupRecords(world, endpoint.id);
    },
  });
}

function endpointView(endpoint: Resource, world: World): Body {
  const body = withEtag(endpoint);
  return hasZoneGroup(world, endpoint.id) ? withValueAt(body, 'properties.customDnsConfigs', []) : body;
}

/** The registry's owner approves or rejects. */
function decide(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  if (!existing)
    throw new ArmError(404, 'PrivateEndpointConnectionNotFound', 'The private endpoint connection was not found.');
  const { privateLinkServiceConnectionState: wanted } = parseBody(request, connectionState).properties;
  const endpoint = world.store.get(String(valueAt(existing.body, 'properties.privateEndpoint.id')));
  world.store.put(existing.id, connectionType, {
    ...existing.body,
    properties: {
      ...propertiesOf(existing),
      privateLinkServiceConnectionState: { actionsRequired: 'None', ...wanted },
    },
  });
  return transit(world, connectionTransitions.update, {
    id: existing.id,
    body: () => existing.body,
    atEnd(status) {
      if (status === 'Succeeded' && endpoint)
        setState(world, endpoint, { actionsRequired: 'None', description: '', ...wanted });
    },
  });
}

function disconnect(request: ArmRequest, side: Resource): Reply {
  const { world } = request;
  const endpoint = world.store.get(String(valueAt(side.body, 'properties.privateEndpoint.id')));
  if (endpoint) setState(world, endpoint, disconnected);
  world.remove(side.id);
  return { status: 200 };
}

/** Puts the state on both sides; addresses are known to those who are approved only. */
function setState(world: World, endpoint: Resource, state: Body): void {
  const properties = propertiesOf(endpoint);
  const marked = (list: unknown) =>
    z
      .array(connection)
      .parse(list ?? [])
      .map((each) => ({ ...each, properties: { ...each.properties, privateLinkServiceConnectionState: state } }));
  world.store.put(endpoint.id, type, {
    ...endpoint.body,
    properties: {
      ...properties,
      privateLinkServiceConnections: marked(properties.privateLinkServiceConnections),
      manualPrivateLinkServiceConnections: marked(properties.manualPrivateLinkServiceConnections),
      customDnsConfigs: [],
    },
  });
  for (const side of connectionsOf(world, endpoint.id)) {
    world.store.put(side.id, connectionType, {
      ...side.body,
      properties: { ...propertiesOf(side), privateLinkServiceConnectionState: state },
    });
  }
  if (state.status === 'Approved') showMembers(world, endpoint);
}

function showConnection(world: World, endpoint: Resource): void {
  const registryId = connectionOf(endpoint.body)?.properties.privateLinkServiceId ?? '';
  const registry = world.store.get(registryId);
  if (!registry || connectionsOf(world, endpoint.id).length > 0) return;
  const name = `${endpoint.name}.${randomUUID().replaceAll('-', '')}`;
  const id = `${registry.id}/privateEndpointConnections/${name}`;
  world.store.put(id, connectionType, {
    id,
    name,
    type: connectionType,
    properties: {
      provisioningState: 'Succeeded',
      privateEndpoint: { id: endpoint.id },
      privateLinkServiceConnectionState: pending,
    },
  });
}

/** One address for the data endpoint of each region, the lowest first, then one for the registry itself. */
function showMembers(world: World, endpoint: Resource): void {
  const properties = propertiesOf(endpoint);
  const registry = world.store.get(connectionOf(endpoint.body)?.properties.privateLinkServiceId ?? '');
  if (!registry) return;
  const subnet = String(valueAt(properties, 'subnet.id'));
  const [{ id: nicId } = { id: '' }] = z.array(z.looseObject({ id: z.string() })).parse(properties.networkInterfaces);
  const nic = world.store.get(nicId);
  const known = new Map(nic ? membersOf(nic).map((member) => [member.name, member.address]) : []);
  const free = freeAddresses(world, subnet);
  const members = membersFor(world, registry.id).map(({ member, fqdn }) => ({
    member,
    fqdn: fqdn.toLowerCase(),
    address: known.get(member) ?? free.next().value ?? '',
  }));
  world.store.put(nicId, interfaceType, {
    id: nicId,
    name: nicId.split('/').at(-1),
    type: interfaceType,
    location: endpoint.body.location,
    kind: 'Regular',
    managedBy: endpoint.id,
    properties: {
      provisioningState: 'Succeeded',
      privateEndpoint: { id: endpoint.id },
      macAddress: '',
      nicType: 'Standard',
      ipConfigurations: members.map(({ member, fqdn, address }, index) => {
        const name = `privateEndpointIpConfig.${randomUUID()}`;
        return {
          name,
          id: `${nicId}/ipConfigurations/${name}`,
          properties: {
            provisioningState: 'Succeeded',
            privateIPAddress: address,
            privateIPAllocationMethod: 'Dynamic',
            primary: index === 0,
            subnet: { id: subnet },
            privateLinkConnectionProperties: { groupId: 'registry', requiredMemberName: member, fqdns: [fqdn] },
          },
        };
      }),
    },
  });
  world.store.put(endpoint.id, type, {
    ...endpoint.body,
    properties: {
      ...properties,
      customDnsConfigs: members.map(({ fqdn, address }) => ({ fqdn, ipAddresses: [address] })),
    },
  });
}

/** The data endpoints, then the registry itself. */
function membersFor(world: World, registryId: string): { member: string; fqdn: string }[] {
  const registry = world.store.get(registryId);
  if (!registry) return [];
  const regions = [String(registry.body.location), ...replicasOf(world, registry.id)];
  return [
    ...regions.map((region) => ({
      member: `registry_data_${region}`,
      fqdn: `${registry.name}.${region}.data.azurecr.io`,
    })),
    { member: 'registry', fqdn: `${registry.name}.azurecr.io` },
  ];
}

const nicProperties = z.looseObject({
  ipConfigurations: z.array(
    z.looseObject({
      properties: z.looseObject({
        privateIPAddress: z.string(),
        privateLinkConnectionProperties: z.looseObject({ requiredMemberName: z.string() }).optional(),
      }),
    }),
  ),
});
const membersOf = (nic: Resource) =>
  nicProperties.parse(propertiesOf(nic)).ipConfigurations.map(({ properties }) => ({
    name: properties.privateLinkConnectionProperties?.requiredMemberName ?? '',
    address: properties.privateIPAddress,
  }));

/** The first four addresses of a subnet are Azure's. */
function* freeAddresses(world: World, subnet: string): Generator<string, undefined> {
  const [range = '0.0.0.0/32'] = subnetRanges(world, subnet);
  const [first, bits] = ipaddr.IPv4.parseCIDR(range);
  const start = first.toByteArray().reduce((sum, byte) => sum * 256 + byte, 0);
  const taken = new Set(
    world.store
      .referencesTo(subnet)
      .filter(({ type: found }) => found === interfaceType)
      .flatMap((nic) => membersOf(nic).map(({ address }) => address)),
  );
  for (let host = 4; host < 2 ** (32 - bits) - 1; host += 1) {
    const value = start + host;
    const address = [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
    if (!taken.has(address)) yield address;
  }
  return undefined;
}

function checkTarget(world: World, registryId: string, groupIds: readonly string[]): void {
  const registry = world.store.get(registryId);
  if (registry?.type !== 'Microsoft.ContainerRegistry/registries') {
    throw invalid(
      `Resource ${registryId} referenced by the private endpoint was not found.`,
      'InvalidResourceReference',
    );
  }
  if (valueAt(registry.body, 'sku.name') !== 'Premium') {
    throw invalid(
      `Private endpoint is not supported for registry ${registry.name}: the SKU must be Premium.`,
      'PrivateEndpointFeatureNotSupportedForSku',
    );
  }
  if (groupIds.length !== 1 || groupIds[0] !== 'registry') {
    throw invalid(`Group IDs ${groupIds.join(', ')} are not valid for ${registryId}; use registry.`, 'InvalidGroupId');
  }
}

function checkSubnet(world: World, subnetId: string, location: string): void {
  const [range] = subnetRanges(world, subnetId);
  const vnet = world.store.get(parentPath(subnetId));
  if (range === undefined || vnet?.body.location !== location) {
    throw invalid(
      `Resource ${subnetId} referenced by the private endpoint was not found in ${location}.`,
      'InvalidResourceReference',
    );
  }
  if (delegationsOf(world, subnetId).length > 0) {
    throw invalid(
      `Private endpoint cannot be created in the delegated subnet ${subnetId}.`,
      'PrivateEndpointCannotBeCreatedInDelegatedSubnet',
    );
  }
}

/** Each member takes an address. */
function checkRoom(world: World, subnetId: string, members: number): void {
  if ([...freeAddresses(world, subnetId)].length < members) {
    throw invalid(`Subnet ${subnetId} does not have enough addresses for the private endpoint.`, 'SubnetIsFull');
  }
}

function refuseMove(existing: Resource, subnetId: string, registryId: string): void {
  const same =
    keyOf(String(valueAt(existing.body, 'properties.subnet.id'))) === keyOf(subnetId) &&
    keyOf(connectionOf(existing.body)?.properties.privateLinkServiceId ?? '') === keyOf(registryId);
  if (!same)
    throw invalid(
      `Subnet and target of private endpoint ${existing.id} cannot be changed.`,
      'PropertyChangeNotAllowed',
    );
}

/** @throws ArmError 429 RetryableErrorDueToAnotherOperation */
function refuseWhileRunning(world: World, id: string): void {
  const running = world.operations.running(id);
  if (!running) return;
  const message = `Operation ${running.verb} on private endpoint ${id} is in progress. Please retry later.`;
  throw new ArmError(429, 'RetryableErrorDueToAnotherOperation', message, { details: [] });
}

/** Endpoints, their networks and their registries are written one after the other. */
function refuseWhileBusy(world: World, vnetId: string, registryId: string | undefined): void {
  const running =
    world.operations.runningBelow(vnetId) ??
    (registryId === undefined ? undefined : world.operations.running(registryId));
  if (!running) return;
  const message = `Cannot proceed with operation because resource ${running.resourceId} is not in Succeeded state. Resource is in Updating state and the last operation that updated/is updating the resource is ${running.verb}.`;
  throw new ArmError(429, 'RetryableError', 'A retryable error occurred.', {
    details: [{ code: 'ReferencedResourceNotProvisioned', message }],
  });
}

function connectionOf(body: Body) {
  const properties = endpointBody.safeParse(body).data?.properties;
  return properties?.privateLinkServiceConnections?.[0] ?? properties?.manualPrivateLinkServiceConnections?.[0];
}

const connectionsOf = (world: World, endpointId: string): Resource[] =>
  world.store
    .list(connectionType)
    .filter(({ body }) => keyOf(String(valueAt(body, 'properties.privateEndpoint.id'))) === keyOf(endpointId));

const replicasOf = (world: World, registryId: string): string[] =>
  world.store
    .list('Microsoft.ContainerRegistry/registries/replications', registryId)
    .filter((replica) => propertiesOf(replica).provisioningState === 'Succeeded')
    .map(({ body }) => String(body.location));

const invalid = (message: string, code = 'InvalidRequestFormat'): ArmError =>
  new ArmError(400, code, message, { details: [] });
