import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { keyOf, parentPath } from '../../arm/ids.ts';
import { type Body, valueAt } from '../../arm/json.ts';
import type { Operation, OperationStyle } from '../../arm/operations.ts';
import type { NameRule, Provider } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import { propertiesOf } from '../../arm/store.ts';
import { deletion, type Transition, type Transitions, transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { refuseUnlinked } from '../authorization/roles.ts';
import { networkNames } from './style.ts';

const zoneType = 'Microsoft.Network/privateDnsZones';
const linkType = `${zoneType}/virtualNetworkLinks`;
const recordType = `${zoneType}/A`;
const vnetType = 'Microsoft.Network/virtualNetworks';

const tags = z.record(z.string(), z.string()).nullish();
const zoneBody = z.looseObject({ location: z.literal('global'), tags });
const linkBody = z.looseObject({
  location: z.literal('global'),
  tags,
  properties: z.looseObject({
    virtualNetwork: z.looseObject({ id: z.string() }),
    registrationEnabled: z.boolean().default(false),
  }),
});
const recordBody = z.looseObject({
  etag: z.string().nullish(),
  properties: z.looseObject({
    ttl: z.int().positive(),
    aRecords: z.array(z.looseObject({ ipv4Address: z.ipv4() })).nullish(),
    metadata: tags,
  }),
});

const accepting = { answers: 202, requestSeconds: 1, seconds: 30 } as const;
/** What is there already shows its state meanwhile; what is not yet is not found. */
const transitionsOf = (upsert: string, remove: string) =>
  ({
    put: { ...accepting, verb: 'PUT', during: 'Updating', ends: 'Succeeded', style: style(upsert) },
    delete: { ...deletion, ...accepting, style: style(remove) },
  }) as const satisfies Transitions;
const zoneTransitions = transitionsOf('UpsertPrivateDnsZone', 'DeletePrivateDnsZone');
const linkTransitions = transitionsOf('UpsertVirtualNetworkLink', 'DeleteVirtualNetworkLink');

const zoneNames: NameRule = {
  pattern: /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?){1,33}$/i,
  rule: 'It must have 2 to 34 labels of up to 63 letters, digits, underscores and dashes.',
};

/** Private DNS zones with their links to networks and their A records. */
export const privateDns: Provider = {
  types: [
    {
      kind: 'stored',
      type: zoneType,
      tracked: true,
      names: zoneNames,
      view: zoneView,
      transitions: zoneTransitions,
      put: putZone,
      delete: removeZone,
    },
    {
      kind: 'stored',
      type: linkType,
      tracked: true,
      names: networkNames(80),
      view: withOwnEtag,
      transitions: linkTransitions,
      put: putLink,
      delete: removeLink,
    },
    { kind: 'stored', type: recordType, view: withOwnEtag, put: putRecord, delete: removeRecord },
    { kind: 'computed', type: `${zoneType}/ALL`, get: listAll },
    { kind: 'computed', type: `${zoneType}/SOA`, get: (request) => ({ status: 200, body: { value: [soa(request)] } }) },
  ],
  behaviours: [
    {
      id: 'dns-operations',
      resourceType: 'Microsoft.Network/privateDnsZones',
      says: 'Zones and links answer 202 {} with both headers; their operations answer 202 while running, re-signed, and 200 after 30 s.',
      evidence: 'recorded',
      source:
        'azure-cli test_aks_network_isolated_cluster.yaml; privatedns test_DeleteLink_LinkExists_ExpectLinkDeleted.yaml',
      test: 'privateDns.test.ts: of a %s %s answers 202 until it has ended, and 200 without headers then',
    },
    {
      id: 'dns-link-lower-case',
      resourceType: 'Microsoft.Network/privateDnsZones/virtualNetworkLinks',
      says: 'The name of a link is put into lower case.',
      evidence: 'recorded',
      source: 'azure-cli test_aks_network_isolated_cluster.yaml',
      test: 'privateDns.test.ts: are found in any case, and updated under the name they have',
    },
    {
      id: 'dns-records',
      resourceType: 'Microsoft.Network/privateDnsZones/A',
      says: 'A record set is written in one answer (201, 200 on update), with an etag and an fqdn that ends in a dot.',
      evidence: 'recorded',
      source:
        'azure-cli test_aks_network_isolated_cluster.yaml; privatedns test_CrudRecordSet_ARecord_ExpectCrudSuccessful.yaml',
      test: 'privateDns.test.ts: are written in one answer and get a new etag each time',
    },
    {
      id: 'dns-zone-with-links',
      resourceType: 'Microsoft.Network/privateDnsZones',
      says: 'A zone with links cannot be deleted.',
      evidence: 'documented',
      source: 'Azure REST API reference, "Private Zones - Delete" (code and status are modelled)',
      test: 'privateDns.test.ts: keep their zone',
    },
    {
      id: 'dns-one-zone-of-a-name',
      resourceType: 'Microsoft.Network/privateDnsZones/virtualNetworkLinks',
      says: 'A network can be linked to one zone of a name only.',
      evidence: 'documented',
      source: 'Microsoft Learn, "What is a virtual network link?" (code and status are modelled)',
      test: 'privateDns.test.ts: tie a network to one zone of a name only',
    },
    {
      id: 'dns-not-there-yet',
      resourceType: 'Microsoft.Network/privateDnsZones',
      says: 'A zone or link is not found until its operation has ended.',
      evidence: 'modelled',
      source: 'no recording reads one meanwhile',
      test: 'privateDns.test.ts: of a %s %s answers 202 until it has ended, and 200 without headers then',
    },
  ],
};

/** The addresses that machines in a network get for a registry's host name: those of the linked `privatelink` zone. */
export function resolve(world: World, vnetId: string, host: string): string[] {
  const record = host.toLowerCase().replace(/\.azurecr\.io$/, '');
  const zones = world.store
    .list(linkType)
    .filter((link) => keyOf(networkOf(link)) === keyOf(vnetId))
    .map((link) => parentPath(link.id))
    .filter((zone) => zone.toLowerCase().endsWith('/privatelink.azurecr.io'));
  return zones.flatMap((zone) => {
    const found = world.store.get(`${zone}/A/${record}`);
    const records = recordBody.safeParse(found?.body).data?.properties.aRecords ?? [];
    return records.map(({ ipv4Address }) => ipv4Address);
  });
}

/** The zone for registries that a network is linked to. */
export const linkedZone = (world: World, vnetId: string): string | undefined =>
  world.store
    .list(linkType)
    .filter((link) => keyOf(networkOf(link)) === keyOf(vnetId))
    .map((link) => parentPath(link.id))
    .find((zone) => zone.toLowerCase().endsWith('/privatelink.azurecr.io'));

/** Makes a finished zone, linked to a network and with these A records, from inside the cloud, as AKS does. */
export function createLinkedZone(
  world: World,
  zoneId: string,
  link: { readonly name: string; readonly vnet: string },
  records: Readonly<Record<string, string>>,
): void {
  storeZone(world, zoneId, undefined);
  storeLink(world, `${zoneId}/virtualNetworkLinks/${link.name}`, undefined, link.vnet, false);
  for (const [name, ipv4Address] of Object.entries(records)) {
    storeRecord(world, `${zoneId}/A/${name}`, { ttl: 3600, aRecords: [{ ipv4Address }] });
  }
}

/** Writes a record set from inside the cloud, as a private DNS zone group does. */
export function writeRecord(world: World, id: string, addresses: readonly string[]): void {
  storeRecord(world, id, { ttl: 10, aRecords: addresses.map((ipv4Address) => ({ ipv4Address })) });
}

function putZone(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const sent = parseBody(request, zoneBody);
  const id = existing?.id ?? request.resourceId;
  refuseWhileBusy(world, id);
  return accepted(world, id, zoneTransitions.put, () => storeZone(world, id, sent.tags));
}

function removeZone(request: ArmRequest, zone: Resource): Reply {
  const { world } = request;
  refuseBusy(world.operations.runningBelow(zone.id));
  const links = world.store.list(linkType, zone.id);
  if (links.length > 0) {
    throw new ArmError(
      409,
      'CannotDeleteResource',
      `Can not delete resource before nested resources are deleted: ${links.map(({ id }) => id).join(', ')}.`,
    );
  }
  return accepted(world, zone.id, zoneTransitions.delete);
}

function putLink(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const { properties, tags: sentTags } = parseBody(request, linkBody);
  const vnetId = properties.virtualNetwork.id;
  const id = existing?.id ?? `${parentPath(request.resourceId, 1)}/${request.id.names[1]?.toLowerCase()}`;
  refuseWhileBusy(world, id);
  if (world.store.get(vnetId)?.type !== vnetType) {
    throw new ArmError(400, 'BadRequest', `The virtual network ${vnetId} was not found.`);
  }
  refuseUnlinked(request, 'Microsoft.Network/virtualNetworks/join/action', vnetId);
  if (existing && keyOf(networkOf(existing)) !== keyOf(vnetId)) {
    throw new ArmError(400, 'BadRequest', `The virtual network of link ${existing.name} cannot be changed.`);
  }
  const zone = parentPath(id).split('/').at(-1)?.toLowerCase();
  const other = world.store
    .list(linkType)
    .find(
      (link) =>
        link !== existing &&
        keyOf(networkOf(link)) === keyOf(vnetId) &&
        parentPath(link.id).split('/').at(-1)?.toLowerCase() === zone,
    );
  if (other) {
    throw new ArmError(
      409,
      'Conflict',
      `A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link virtual network ${vnetId}, which is linked by ${other.id}.`,
    );
  }
  return accepted(world, id, linkTransitions.put, () =>
    storeLink(world, id, sentTags, vnetId, properties.registrationEnabled),
  );
}

function removeLink(request: ArmRequest, link: Resource): Reply {
  const { world } = request;
  refuseWhileBusy(world, link.id);
  return accepted(world, link.id, linkTransitions.delete);
}

function putRecord(request: ArmRequest, existing: Resource | undefined): Reply {
  const sent = parseBody(request, recordBody);
  // A stale etag in the body is refused like one in If-Match.
  if (sent.etag && existing && sent.etag !== existing.etag) {
    throw new ArmError(
      412,
      'PreconditionFailed',
      `The etag '${sent.etag}' is not that of record set ${existing.name}.`,
    );
  }
  const record = storeRecord(request.world, existing?.id ?? request.resourceId, sent.properties);
  return { status: existing ? 200 : 201, body: withOwnEtag(record) };
}

function removeRecord(request: ArmRequest, record: Resource): Reply {
  request.world.remove(record.id);
  return { status: 200 };
}

function listAll(request: ArmRequest): Reply {
  const zone = parentPath(request.resourceId, 1);
  const records = request.world.store.list(recordType, zone).map(withOwnEtag);
  return { status: 200, body: { value: [soa(request), ...records] } };
}

/** Every zone has this one from the start. */
function soa({ resourceId }: ArmRequest): Body {
  const zone = resourceId.replace(/\/(ALL|SOA)(\/.*)?$/i, '');
  return {
    id: `${zone}/SOA/@`,
    name: '@',
    type: `${zoneType}/SOA`,
    properties: { fqdn: `${zone.split('/').at(-1)}.`, ttl: 3600, isAutoRegistered: false },
  };
}

/** The effect comes at the end. */
function accepted(world: World, id: string, transition: Transition, effect?: () => unknown): Reply {
  return transit(world, transition, {
    id,
    body: () => ({}),
    atEnd(status) {
      if (status === 'Succeeded') effect?.();
    },
  });
}

function style(name: string): OperationStyle {
  const path = (view: string) => (operation: { resourceId: string; id: string }) => {
    const group = operation.resourceId.split('/').slice(0, 5).join('/');
    const token = Buffer.from(`FrontEndAsyncOperation;${name};${operation.id}`).toString('base64url');
    return `${group}/providers/Microsoft.Network/${view}/${token}`;
  };
  return {
    headers: 'both',
    statusPath: path('privateDnsOperationStatuses'),
    resultPath: path('privateDnsOperationResults'),
    runningStatus: 202,
    repeatHeaders: 'while-running',
    result: () => ({ status: 200 }),
    retryAfter: () => 30,
  };
}

const refuseWhileBusy = (world: World, id: string): void => refuseBusy(world.operations.running(id));

function refuseBusy(running: Operation | undefined): void {
  if (!running) return;
  throw new ArmError(409, 'Conflict', `Another operation (${running.verb}) on ${running.resourceId} is in progress.`);
}

function storeZone(world: World, id: string, sentTags: z.infer<typeof tags>): Resource {
  return world.store.put(id, zoneType, {
    id,
    name: id.split('/').at(-1),
    type: zoneType,
    location: 'global',
    ...(sentTags && { tags: sentTags }),
    properties: {
      maxNumberOfRecordSets: 25000,
      maxNumberOfVirtualNetworkLinks: 1000,
      maxNumberOfVirtualNetworkLinksWithRegistration: 100,
      provisioningState: 'Succeeded',
    },
  });
}

function storeLink(
  world: World,
  id: string,
  sentTags: z.infer<typeof tags>,
  vnetId: string,
  registrationEnabled: boolean,
): Resource {
  return world.store.put(id, linkType, {
    id,
    name: id.split('/').at(-1),
    type: linkType,
    location: 'global',
    ...(sentTags && { tags: sentTags }),
    properties: {
      registrationEnabled,
      resolutionPolicy: 'Default',
      virtualNetwork: { id: vnetId },
      virtualNetworkLinkState: 'Completed',
      provisioningState: 'Succeeded',
    },
  });
}

function storeRecord(world: World, id: string, sent: z.infer<typeof recordBody>['properties']): Resource {
  const name = id.split('/').at(-1) ?? '';
  const zone = parentPath(id).split('/').at(-1);
  return world.store.put(id, recordType, {
    id,
    name,
    type: recordType,
    properties: {
      ...(sent.metadata && { metadata: sent.metadata }),
      fqdn: name === '@' ? `${zone}.` : `${name}.${zone}.`,
      ttl: sent.ttl,
      isAutoRegistered: false,
      aRecords: sent.aRecords ?? [],
    },
  });
}

function zoneView(zone: Resource, world: World): Body {
  const links = world.store.list(linkType, zone.id);
  const registering = links.filter((link) => propertiesOf(link).registrationEnabled === true);
  return {
    ...withOwnEtag(zone),
    properties: {
      ...propertiesOf(zone),
      // The SOA record is one as well.
      numberOfRecordSets: world.store.list(recordType, zone.id).length + 1,
      numberOfVirtualNetworkLinks: links.length,
      numberOfVirtualNetworkLinksWithRegistration: registering.length,
    },
  };
}

/** Bare for zones and records; a link's has quotes of its own. */
function withOwnEtag(resource: Resource): Body {
  return { ...resource.body, etag: resource.type === linkType ? `"${resource.etag}"` : resource.etag };
}

const networkOf = (link: Resource): string => String(valueAt(link.body, 'properties.virtualNetwork.id') ?? '');
