import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { keyOf, nameOf, parentPath } from '../../arm/ids.ts';
import { type Body, valueAt, withValueAt } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { normalLocation } from '../../arm/regions.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import { transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { refuseUnlinked } from '../authorization/permissions.ts';
import { addConnection, removeConnections, setLinkState } from './endpointConnections.ts';
import { freeAddresses, membersOf } from './endpointMembers.ts';
import {
  approved,
  endpointBody,
  endpointType,
  interfaceType,
  isRegistryId,
  type linkBody,
  pending,
  registryOf,
  subnetOf,
} from './endpointShapes.ts';
import { hasZoneGroup, removeGroupRecords } from './privateDnsZoneGroups.ts';
import { etagMismatch, networkNames, networkTransitions, withEtag } from './style.ts';
import { delegationsOf, subnetRanges } from './subnetShapes.ts';

/** 60 s and the spacing of the polls (10, 20, then 40 s) are recorded. */
const transitions = networkTransitions(60, (polls) => Math.min(40, 10 * 2 ** Math.max(0, polls - 1)));

export const privateEndpointTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type: endpointType,
    tracked: true,
    names: networkNames(64),
    etagHeader: true,
    mismatch: etagMismatch,
    view,
    transitions,
    put,
    delete: remove,
  },
];

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
  const groupIds = link.properties.groupIds ?? [];
  checkTarget(world, registryId, groupIds);
  checkSubnet(world, subnetId, location);
  if (!existing) checkRoom(world, subnetId, membersOf(world, registryId, groupIds).length);
  refuseUnlinked(request, 'Microsoft.Network/virtualNetworks/subnets/join/action', subnetId);
  if (automatic && isRegistryId(registryId)) {
    refuseUnlinked(
      request,
      'Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action',
      registryId,
    );
  }
  if (existing) refuseMove(existing, subnetId, registryId);
  refuseWhileEndpointBusy(world, id);
  refuseWhileOthersBusy(world, parentPath(subnetId), registryId);
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
      addConnection(world, ended);
      setLinkState(world, ended, automatic ? approved : pending);
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
  addConnection(world, endpoint);
  setLinkState(world, endpoint, approved);
  world.setState(id, 'Succeeded');
}

interface Wanted {
  readonly location: string;
  readonly tags?: Record<string, string> | null | undefined;
  readonly properties: { readonly subnet: { readonly id: string } };
  readonly link: z.infer<typeof linkBody>;
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
  return world.store.put(id, endpointType, {
    name: nameOf(id),
    id,
    type: endpointType,
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

/** The interface's name is drawn once: the first answer tells it, before the interface is there. */
function interfaceId(existing: Resource | undefined, id: string): string {
  const [first] = existing
    ? z.array(z.looseObject({ id: z.string() })).parse(propertiesOf(existing).networkInterfaces)
    : [];
  if (first) return first.id;
  const group = parentPath(id, 4);
  return `${group}/providers/${interfaceType}/${nameOf(id)}.nic.${randomUUID()}`;
}

function remove(request: ArmRequest, endpoint: Resource): Reply {
  const { world } = request;
  refuseWhileEndpointBusy(world, endpoint.id);
  refuseWhileOthersBusy(world, parentPath(subnetOf(endpoint)));
  return transit(world, transitions.delete, {
    id: endpoint.id,
    location: String(endpoint.body.location),
    atEnd(status) {
      if (status !== 'Succeeded') return;
      for (const nic of world.store.list(interfaceType)) {
        if (keyOf(String(nic.body.managedBy)) === keyOf(endpoint.id)) world.remove(nic.id);
      }
      removeConnections(world, endpoint.id);
      removeGroupRecords(world, endpoint.id);
    },
  });
}

function view(endpoint: Resource, world: World): Body {
  const body = withEtag(endpoint);
  return hasZoneGroup(world, endpoint.id) ? withValueAt(body, 'properties.customDnsConfigs', []) : body;
}

/** Other services than registries are not simulated. There is only an ID, which is taken at its word. */
function checkTarget(world: World, targetId: string, groupIds: readonly string[]): void {
  const service = /\/providers\/(?!Microsoft\.(ContainerRegistry|Network)\/)[^/]+\/[^/]+\/[^/]+$/i;
  if (!service.test(targetId)) checkRegistry(world, targetId, groupIds);
  else if (groupIds.length === 0) throw invalid(`Group IDs are missing for ${targetId}.`, 'InvalidGroupId');
}

function checkRegistry(world: World, registryId: string, groupIds: readonly string[]): void {
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

/** Each member of an endpoint takes an address. */
function checkRoom(world: World, subnetId: string, members: number): void {
  if ([...freeAddresses(world, subnetId)].length < members) {
    throw invalid(`Subnet ${subnetId} does not have enough addresses for the private endpoint.`, 'SubnetIsFull');
  }
}

function refuseMove(existing: Resource, subnetId: string, registryId: string): void {
  const same = keyOf(subnetOf(existing)) === keyOf(subnetId) && keyOf(registryOf(existing)) === keyOf(registryId);
  if (!same)
    throw invalid(
      `Subnet and target of private endpoint ${existing.id} cannot be changed.`,
      'PropertyChangeNotAllowed',
    );
}

/** @throws ArmError 429 RetryableErrorDueToAnotherOperation */
function refuseWhileEndpointBusy(world: World, id: string): void {
  const running = world.operations.running(id);
  if (!running) return;
  const message = `Operation ${running.verb} on private endpoint ${id} is in progress. Please retry later.`;
  throw new ArmError(429, 'RetryableErrorDueToAnotherOperation', message, { details: [] });
}

/** An endpoint is not written while its network or its registry is. @throws ArmError 429 RetryableError */
function refuseWhileOthersBusy(world: World, vnetId: string, registryId?: string): void {
  const running =
    world.operations.runningBelow(vnetId) ??
    (registryId === undefined ? undefined : world.operations.running(registryId));
  if (!running) return;
  const message = `Cannot proceed with operation because resource ${running.resourceId} is not in Succeeded state. Resource is in Updating state and the last operation that updated/is updating the resource is ${running.verb}.`;
  throw new ArmError(429, 'RetryableError', 'A retryable error occurred.', {
    details: [{ code: 'ReferencedResourceNotProvisioned', message }],
  });
}

const invalid = (message: string, code = 'InvalidRequestFormat'): ArmError =>
  new ArmError(400, code, message, { details: [] });
