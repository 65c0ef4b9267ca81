import { z } from 'zod';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { nameOf } from '../../arm/ids.ts';
import { type Body, echoed, isBody, valueAt } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { normalLocation } from '../../arm/regions.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import type { Transitions } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { disconnectEndpoints } from '../network/endpointConnections.ts';
import { checkFree } from './names.ts';
import {
  begin,
  connectionType,
  notInTier,
  refuseWhileBusy,
  registryType,
  registryWrite,
  replicaType,
  systemData,
  versionHeader,
} from './shapes.ts';

const putBody = z.looseObject({
  location: z.string(),
  tags: z.record(z.string(), z.string()).nullish(),
  sku: z.looseObject({ name: z.enum(['Basic', 'Standard', 'Premium']) }),
  properties: z.looseObject({}).nullish(),
});
const patchBody = z.looseObject({
  tags: z.record(z.string(), z.string()).nullish(),
  sku: z.looseObject({ name: z.enum(['Basic', 'Standard', 'Premium']) }).nullish(),
  properties: z.looseObject({}).nullish(),
});
/** Recorded: 8 s to the answer of a PUT. */
const transitions = {
  create: {
    ...registryWrite,
    verb: 'PUT',
    answers: 201,
    during: 'Creating',
    requestSeconds: 8,
    headers: versionHeader,
  },
  update: {
    ...registryWrite,
    verb: 'PUT',
    answers: 200,
    during: 'Updating',
    requestSeconds: 8,
    headers: versionHeader,
  },
  patch: { ...registryWrite, verb: 'PUT', answers: 201, during: 'Updating', requestSeconds: 1, headers: versionHeader },
} as const satisfies Transitions;

export const registryTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type: registryType,
    tracked: true,
    view,
    transitions,
    put,
    patch,
    delete: remove,
  },
];

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const sent = parseBody(request, putBody);
  const id = existing?.id ?? request.resourceId;
  const name = nameOf(id);
  if (!existing) checkFree(world, name);
  refuseWhileBusy(world, id);
  const location = normalLocation(sent.location);
  const before = existing ? propertiesOf(existing) : {};
  checkTier(world, id, sent.sku.name, { ...before, ...echoed(sent.properties) });
  const registry = world.store.put(id, registryType, {
    type: registryType,
    id,
    name,
    location,
    tags: sent.tags ?? {},
    sku: { name: sent.sku.name, tier: sent.sku.name },
    systemData: systemData(world),
    properties: {
      ...registryDefaults(world, name),
      ...before,
      ...withIpRules(echoed(sent.properties)),
    },
  });
  return begin(request, registry, existing ? transitions.update : transitions.create, location);
}

function patch(request: ArmRequest, registry: Resource): Reply {
  const { world } = request;
  const sent = parseBody(request, patchBody);
  refuseWhileBusy(world, registry.id);
  const changed = withIpRules(echoed(sent.properties));
  const properties = { ...propertiesOf(registry), ...changed };
  checkTier(world, registry.id, sent.sku?.name ?? String(valueAt(registry.body, 'sku.name')), properties);
  world.store.put(registry.id, registryType, {
    ...registry.body,
    ...(sent.tags && { tags: sent.tags }),
    ...(sent.sku && { sku: { name: sent.sku.name, tier: sent.sku.name } }),
    properties,
  });
  return begin(request, registry, transitions.patch, String(registry.body.location));
}

function remove(request: ArmRequest, registry: Resource): Reply {
  const { world } = request;
  refuseWhileBusy(world, registry.id);
  disconnectEndpoints(world, registry.id);
  world.remove(registry.id);
  return { status: 200 };
}

/** @throws ArmError 400 FeatureNotSupportedForSku */
function checkTier(world: World, id: string, sku: string, properties: Body): void {
  const inUse = world.store.list(connectionType, id).length + world.store.list(replicaType, id).length > 0;
  if (sku !== 'Premium' && properties.publicNetworkAccess === 'Disabled')
    throw notInTier('Disabling public network access', 'Premium');
  if (sku !== 'Premium' && inUse) throw notInTier('A registry with private endpoints or replicas', 'Premium');
  if (sku === 'Basic' && properties.anonymousPullEnabled === true)
    throw notInTier('Anonymous pull', 'Standard or Premium');
}

function view(registry: Resource, world: World): Body {
  const connections = world.store.list(connectionType, registry.id).map(({ body }) => body);
  return { ...registry.body, properties: { ...propertiesOf(registry), privateEndpointConnections: connections } };
}

function registryDefaults(world: World, name: string): Body {
  const disabled = { status: 'disabled' };
  return {
    loginServer: `${name.toLowerCase()}.azurecr.io`,
    creationDate: world.clock.now().toISOString(),
    adminUserEnabled: false,
    anonymousPullEnabled: false,
    publicNetworkAccess: 'Enabled',
    networkRuleBypassOptions: 'AzureServices',
    policies: {
      quarantinePolicy: disabled,
      trustPolicy: { type: 'Notary', status: 'disabled' },
      exportPolicy: { status: 'enabled' },
    },
    encryption: disabled,
    dataEndpointEnabled: false,
    dataEndpointHostNames: [],
    privateEndpointConnections: [],
    zoneRedundancy: 'Disabled',
    metadataSearch: 'Disabled',
    roleAssignmentMode: 'LegacyRegistryPermissions',
  };
}

/** Azure shows a rule set that was sent without IP rules with an empty list of them. */
function withIpRules(properties: Body): Body {
  const { networkRuleSet } = properties;
  return isBody(networkRuleSet) ? { ...properties, networkRuleSet: { ipRules: [], ...networkRuleSet } } : properties;
}
