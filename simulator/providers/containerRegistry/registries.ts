import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { nameOf } from '../../arm/ids.ts';
import { type Body, echoed, isBody, valueAt } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { normalLocation, regions } from '../../arm/regions.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import type { Transitions } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { disconnectEndpoints } from '../network/endpointConnections.ts';
import { connectionType } from '../network/endpointShapes.ts';
import { checkFree } from './names.ts';
import {
  begin,
  notInTier,
  refuseWhileRegistryBusy,
  registryType,
  registryWrite,
  replicaType,
  systemData,
  versionHeader,
} from './shapes.ts';

const putBody = z.looseObject({
  location: z.string(),
  tags: z.record(z.string(), z.string()).nullish(),
  identity: z.looseObject({ type: z.string() }).nullish(),
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
  refuseWhileRegistryBusy(world, id);
  const location = normalLocation(sent.location);
  // A PUT replaces: settings that it leaves out have their defaults again.
  const properties = merged(registryDefaults(world, name), withIpRules(echoed(sent.properties)));
  checkTier(world, id, sent.sku.name, properties);
  const registry = world.store.put(id, registryType, {
    type: registryType,
    id,
    name,
    location,
    tags: sent.tags ?? {},
    sku: { name: sent.sku.name, tier: sent.sku.name },
    systemData: systemData(world),
    ...(sent.identity && { identity: echoed(sent.identity) }),
    properties: { ...properties, ...(existing && keptOf(existing)) },
  });
  return begin(request, registry, existing ? transitions.update : transitions.create, location);
}

function patch(request: ArmRequest, registry: Resource): Reply {
  const { world } = request;
  const sent = parseBody(request, patchBody);
  refuseWhileRegistryBusy(world, registry.id);
  const changed = withIpRules(echoed(sent.properties));
  const properties = merged(propertiesOf(registry), changed);
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
  refuseWhileRegistryBusy(world, registry.id);
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
  const mayExport = valueAt(properties, 'policies.exportPolicy.status') !== 'disabled';
  if (!mayExport && properties.publicNetworkAccess !== 'Disabled') {
    throw new ArmError(
      400,
      'ExportPolicyDisabledWithPublicNetworkAccess',
      'The export policy can be disabled only where public network access is disabled.',
    );
  }
}

/** Values that Azure has given for good. */
function keptOf(registry: Resource): Body {
  const { loginServer, creationDate } = propertiesOf(registry);
  return { loginServer, creationDate };
}

/** Policies change one by one, other objects as a whole. */
function merged(before: Body, changes: Body): Body {
  const policies = { ...echoed(before.policies), ...echoed(changes.policies) };
  return { ...before, ...changes, policies };
}

function view(registry: Resource, world: World): Body {
  const connections = world.store.list(connectionType, registry.id).map(({ body }) => body);
  const name = String(registry.body.location);
  return {
    ...registry.body,
    location: world.settings.azure.registryLocation === 'name' ? name : (regions.get(name) ?? name),
    properties: { ...propertiesOf(registry), privateEndpointConnections: connections },
  };
}

function registryDefaults(world: World, name: string): Body {
  const disabled = { status: 'disabled' };
  const now = world.clock.now().toISOString();
  return {
    loginServer: `${name.toLowerCase()}.azurecr.io`,
    creationDate: now,
    adminUserEnabled: false,
    anonymousPullEnabled: false,
    publicNetworkAccess: 'Enabled',
    networkRuleBypassOptions: 'AzureServices',
    policies: {
      quarantinePolicy: disabled,
      trustPolicy: { type: 'Notary', status: 'disabled' },
      retentionPolicy: { days: 7, lastUpdatedTime: now, ...disabled },
      exportPolicy: { status: 'enabled' },
      azureADAuthenticationAsArmPolicy: { status: 'enabled' },
      softDeletePolicy: { retentionDays: 7, lastUpdatedTime: now, ...disabled },
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
