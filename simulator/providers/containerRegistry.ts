import { z } from 'zod';
import { ArmError } from '../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../arm/exchange.ts';
import { parentPath } from '../arm/ids.ts';
import { type Body, isBody, valueAt, withoutNulls } from '../arm/json.ts';
import type { OperationStyle } from '../arm/operations.ts';
import type { Provider } from '../arm/provider.ts';
import { normalLocation } from '../arm/regions.ts';
import type { Resource } from '../arm/store.ts';
import { propertiesOf } from '../arm/store.ts';
import { callerObjectId } from '../arm/token.ts';
import { deletion, type Transition, type Transitions, transit } from '../arm/transitions.ts';
import type { World } from '../arm/world.ts';
import { disconnectEndpoints, refreshMembers } from './network/privateEndpoints.ts';

const connectionType = 'Microsoft.ContainerRegistry/registries/privateEndpointConnections';
const registryType = 'Microsoft.ContainerRegistry/registries';
const ruleType = 'Microsoft.ContainerRegistry/registries/cacheRules';
const replicaType = 'Microsoft.ContainerRegistry/registries/replications';
const registryBody = z.looseObject({
  location: z.string(),
  tags: z.record(z.string(), z.string()).nullish(),
  sku: z.looseObject({ name: z.enum(['Basic', 'Standard', 'Premium']) }),
  properties: z.looseObject({}).nullish(),
});
const registryPatch = z.looseObject({
  tags: z.record(z.string(), z.string()).nullish(),
  sku: z.looseObject({ name: z.enum(['Basic', 'Standard', 'Premium']) }).nullish(),
  properties: z.looseObject({}).nullish(),
});
const ruleBody = z.looseObject({
  properties: z.looseObject({
    sourceRepository: z.string().min(1),
    targetRepository: z.string().min(1),
    credentialSetResourceId: z.string().nullish(),
  }),
});
const rulePatch = z.looseObject({
  properties: z.looseObject({
    sourceRepository: z.undefined().optional(),
    targetRepository: z.undefined().optional(),
    credentialSetResourceId: z.string().nullish(),
  }),
});
const replicaBody = z.looseObject({ location: z.string(), tags: z.record(z.string(), z.string()).nullish() });

const write = { ends: 'Succeeded', seconds: 10, style: registryStyle('async') } as const;
const supported = { 'api-supported-versions': '2025-11-01' } as const;
const registryTransitions = {
  create: { ...write, verb: 'PUT', answers: 201, during: 'Creating', requestSeconds: 8, headers: supported },
  update: { ...write, verb: 'PUT', answers: 200, during: 'Updating', requestSeconds: 8, headers: supported },
  patch: { ...write, verb: 'PUT', answers: 201, during: 'Updating', requestSeconds: 1, headers: supported },
} as const satisfies Transitions;
const ruleTransitions = {
  create: { ...write, verb: 'PUT', answers: 201, during: 'Creating', headers: supported },
  update: { ...write, verb: 'PUT', answers: 200, during: 'Updating', headers: supported },
  patch: { ...write, verb: 'PUT', answers: 201, during: 'Updating', headers: supported },
  delete: { ...deletion, seconds: 10, style: registryStyle('location') },
} as const satisfies Transitions;
const replicaTransitions = {
  create: { ...write, verb: 'PUT', answers: 201, during: 'Creating', seconds: 60 },
  update: { ...write, verb: 'PUT', answers: 200, during: 'Updating', seconds: 60 },
} as const satisfies Transitions;

/** Container registries and cache rules. */
export const containerRegistry: Provider = {
  types: [
    {
      kind: 'stored',
      type: registryType,
      tracked: true,
      view: registryView,
      transitions: registryTransitions,
      put: putRegistry,
      patch: patchRegistry,
      delete: removeRegistry,
    },
    {
      kind: 'stored',
      type: ruleType,
      names: { pattern: /^[a-z0-9-]{5,50}$/i, rule: 'It must have 5 to 50 letters, digits and dashes.' },
      notFound: (request) =>
        new ArmError(404, 'CacheRuleNotFound', `The cache rule '${request.id.names[1]}' was not found.`),
      transitions: ruleTransitions,
      put: putRule,
      patch: patchRule,
      delete: removeRule,
    },
    {
      kind: 'stored',
      type: replicaType,
      tracked: true,
      transitions: replicaTransitions,
      put: putReplica,
      delete: removeReplica,
      list: listReplicas,
    },
    {
      kind: 'computed',
      type: 'Microsoft.ContainerRegistry/checkNameAvailability',
      post: checkName,
      countsAsRead: true,
    },
  ],
  behaviours: [
    {
      id: 'registry-slow-put',
      resourceType: 'Microsoft.ContainerRegistry/registries',
      says: 'A registry PUT takes 8 s to answer, its operation 10 s more; the running status is Creating; a PATCH answers 201.',
      evidence: 'recorded',
      source: 'azure-cli test_aks_network_isolated_cluster.yaml; test_acr_with_public_network_access_disabled.yaml',
      test: 'registries.test.ts: a registry is answered late, with its defaults, and settles ten seconds later',
    },
    {
      id: 'registry-name-global',
      resourceType: 'Microsoft.ContainerRegistry/registries',
      says: "A registry's name is unique across subscriptions: AlreadyInUse.",
      evidence: 'recorded',
      source: 'MicrosoftDocs/azure-dev-docs#1303 (the status is modelled)',
      test: 'registries.test.ts: names are taken once for all subscriptions',
    },
    {
      id: 'registry-sku-rules',
      resourceType: 'Microsoft.ContainerRegistry/registries',
      says: 'Public access can be disabled, replicas made and endpoints kept on Premium only; anonymous pull needs Standard or Premium.',
      evidence: 'documented',
      source: 'Microsoft Learn, "Container registry service tiers" (codes are modelled)',
      test: 'registries.test.ts: a %s registry with %j: %i',
    },
    {
      id: 'registry-busy',
      resourceType: 'Microsoft.ContainerRegistry/registries',
      says: 'While an operation runs on a registry or a cache rule, other writes to it get 409.',
      evidence: 'modelled',
      source: 'no source found',
      test: 'registries.test.ts: a %s refuses every other write meanwhile',
    },
    {
      id: 'cache-rule-rules',
      resourceType: 'Microsoft.ContainerRegistry/registries/cacheRules',
      says: 'A rule for docker.io needs credentials; source and target cannot be changed; two rules cannot have one target, nor wildcard targets of which one holds the other.',
      evidence: 'recorded',
      source: 'hashicorp/terraform-provider-azurerm PR #27983 for docker.io (the others are modelled)',
      test: 'registries.test.ts: with %s',
    },
    {
      id: 'registry-replicas',
      resourceType: 'Microsoft.ContainerRegistry/registries/replications',
      says: 'A replica takes 60 s and adds a data member to the private endpoints; the own region is listed as one; no region has two.',
      evidence: 'documented',
      source: 'Microsoft Learn, "Geo-replication in Azure Container Registry" (the duration is modelled)',
      test: 'registries.test.ts: add a member to the endpoints, and take it with them',
    },
    {
      id: 'cache-rule-delete',
      resourceType: 'Microsoft.ContainerRegistry/registries/cacheRules',
      says: 'Deleting a cache rule answers 202 with the body null and Location alone.',
      evidence: 'recorded',
      source: 'azure-cli test_acr_cache.yaml',
      test: 'registries.test.ts: are deleted with the body null and Location alone',
    },
  ],
};

function putRegistry(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const sent = parseBody(request, registryBody);
  const id = existing?.id ?? request.resourceId;
  const name = id.split('/').at(-1) ?? '';
  if (!existing) checkFree(world, name);
  refuseWhileBusy(world, id);
  const location = normalLocation(sent.location);
  const before = existing ? propertiesOf(existing) : {};
  checkTier(world, id, sent.sku.name, { ...before, ...cleaned(sent.properties) });
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
      ...withIpRules(cleaned(sent.properties)),
    },
  });
  return running(request, registry, existing ? registryTransitions.update : registryTransitions.create, location);
}

function patchRegistry(request: ArmRequest, registry: Resource): Reply {
  const { world } = request;
  const sent = parseBody(request, registryPatch);
  refuseWhileBusy(world, registry.id);
  const changed = withIpRules(cleaned(sent.properties));
  const properties = { ...propertiesOf(registry), ...changed };
  checkTier(world, registry.id, sent.sku?.name ?? String(valueAt(registry.body, 'sku.name')), properties);
  world.store.put(registry.id, registryType, {
    ...registry.body,
    ...(sent.tags && { tags: sent.tags }),
    ...(sent.sku && { sku: { name: sent.sku.name, tier: sent.sku.name } }),
    properties,
  });
  return running(request, registry, registryTransitions.patch, String(registry.body.location));
}

function removeRegistry(request: ArmRequest, registry: Resource): Reply {
  const { world } = request;
  refuseWhileBusy(world, registry.id);
  disconnectEndpoints(world, registry.id);
  world.remove(registry.id);
  return { status: 200 };
}

function putRule(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const { properties } = parseBody(request, ruleBody);
  const id = existing?.id ?? request.resourceId;
  refuseWhileBusy(world, id);
  checkRule(world, id, properties, existing);
  const creationDate = existing ? propertiesOf(existing).creationDate : world.clock.now().toISOString();
  const rule = world.store.put(id, ruleType, {
    type: ruleType,
    id,
    name: id.split('/').at(-1),
    systemData: systemData(world),
    properties: { ...cleaned(properties), creationDate },
  });
  return running(request, rule, existing ? ruleTransitions.update : ruleTransitions.create, locationOf(world, id));
}

function patchRule(request: ArmRequest, rule: Resource): Reply {
  const { world } = request;
  const { credentialSetResourceId } = parseBody(request, rulePatch).properties;
  refuseWhileBusy(world, rule.id);
  const properties = { ...propertiesOf(rule), ...cleaned({ credentialSetResourceId }) };
  world.store.put(rule.id, ruleType, { ...rule.body, properties });
  return running(request, rule, ruleTransitions.patch, locationOf(world, rule.id));
}

/** @throws ArmError where Azure would refuse the rule. */
function checkRule(
  world: World,
  id: string,
  {
    sourceRepository: source,
    targetRepository: target,
    credentialSetResourceId,
  }: z.infer<typeof ruleBody>['properties'],
  existing: Resource | undefined,
): void {
  if (source.startsWith('docker.io/') && !credentialSetResourceId) {
    throw new ArmError(400, 'EnforceDockerAuthentication', 'Docker Hub rules need a credential set.');
  }
  const before = existing ? propertiesOf(existing) : undefined;
  if (before && (before.sourceRepository !== source || before.targetRepository !== target)) {
    throw new ArmError(400, 'CacheRuleUpdateNotAllowed', 'Source and target of a cache rule cannot be changed.');
  }
  const twin = world.store
    .list(ruleType, parentPath(id))
    .find((rule) => rule !== existing && overlap(String(propertiesOf(rule).targetRepository), target));
  if (twin) {
    throw new ArmError(
      409,
      'CacheRuleConflict',
      `The target repository '${target}' is that of rule '${twin.name}' already.`,
    );
  }
}

/** Wildcards must not hold each other; a target without one may lie within. */
function overlap(one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [one, other].map((target) => (target.endsWith('*') ? target.slice(0, -1) : undefined));
  return a !== undefined && b !== undefined && (a.startsWith(b) || b.startsWith(a));
}

function putReplica(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const sent = parseBody(request, replicaBody);
  const id = existing?.id ?? request.resourceId;
  const registry = world.store.get(parentPath(id));
  const location = normalLocation(sent.location);
  if (valueAt(registry?.body, 'sku.name') !== 'Premium') throw notInTier('Geo-replication', 'Premium');
  const twin = world.store
    .list(replicaType, parentPath(id))
    .some((one) => one !== existing && one.body.location === location);
  if (twin || location === registry?.body.location) {
    throw new ArmError(409, 'ReplicationConflict', `The registry is in ${location} already.`);
  }
  const replica = world.store.put(id, replicaType, {
    id,
    name: id.split('/').at(-1),
    type: replicaType,
    location,
    tags: sent.tags ?? {},
    properties: { regionEndpointEnabled: true, zoneRedundancy: 'Disabled' },
  });
  return transit(world, existing ? replicaTransitions.update : replicaTransitions.create, {
    id,
    location,
    body: () => replica.body,
    atEnd(status) {
      if (status === 'Succeeded' && registry) refreshMembers(world, registry.id);
    },
  });
}

function removeReplica(request: ArmRequest, replica: Resource): Reply {
  const { world } = request;
  world.remove(replica.id);
  refreshMembers(world, parentPath(replica.id));
  return { status: 200 };
}

/** The registry's own region is one of them. */
function listReplicas(request: ArmRequest): Reply {
  const { world } = request;
  const registryId = parentPath(request.resourceId, 1);
  const location = world.store.get(registryId)?.body.location;
  const own = {
    id: `${registryId}/replications/${location}`,
    name: location,
    type: replicaType,
    location,
    tags: {},
    properties: { provisioningState: 'Succeeded', regionEndpointEnabled: true, zoneRedundancy: 'Disabled' },
  };
  return { status: 200, body: { value: [own, ...world.store.list(replicaType, registryId).map(({ body }) => body)] } };
}

/** @throws ArmError 400 for what the SKU does not have. */
function checkTier(world: World, id: string, sku: string, properties: Body): void {
  const inUse = world.store.list(connectionType, id).length + world.store.list(replicaType, id).length > 0;
  if (sku !== 'Premium' && properties.publicNetworkAccess === 'Disabled')
    throw notInTier('Disabling public network access', 'Premium');
  if (sku !== 'Premium' && inUse) throw notInTier('A registry with private endpoints or replicas', 'Premium');
  if (sku === 'Basic' && properties.anonymousPullEnabled === true)
    throw notInTier('Anonymous pull', 'Standard or Premium');
}

const notInTier = (what: string, tier: string): ArmError =>
  new ArmError(400, 'FeatureNotSupportedForSku', `${what} is only supported for ${tier} registries.`);

/** @throws ArmError 409 */
function refuseWhileBusy(world: World, id: string): void {
  const busy = world.operations.running(id);
  if (busy)
    throw new ArmError(409, 'Conflict', `An operation (${busy.verb}) is in progress on '${id.split('/').at(-1)}'.`);
}

function registryView(registry: Resource, world: World): Body {
  const connections = world.store.list(connectionType, registry.id).map(({ body }) => body);
  return { ...registry.body, properties: { ...propertiesOf(registry), privateEndpointConnections: connections } };
}

function removeRule(request: ArmRequest, rule: Resource): Reply {
  const { world } = request;
  refuseWhileBusy(world, rule.id);
  return transit(world, ruleTransitions.delete, {
    id: rule.id,
    location: locationOf(world, rule.id),
    body: () => null,
  });
}

function running({ world }: ArmRequest, resource: Resource, transition: Transition, location: string): Reply {
  return transit(world, transition, { id: resource.id, location, body: () => resource.body });
}

/** The status document lives below the resource, and its header is re-signed on every poll, the last one included. */
function registryStyle(headers: 'async' | 'location'): OperationStyle {
  const kind = (id: string) => (id.toLowerCase().includes('/cacherules/') ? 'cacherules' : 'registries');
  return {
    headers,
    running: 'Creating',
    repeatHeaders: 'always',
    ...(headers === 'async' && {
      statusPath: ({ resourceId, id }) => `${resourceId}/operationStatuses/${kind(resourceId)}-${id}`,
    }),
    resultPath: ({ resourceId, location, id }) => {
      const subscription = resourceId.split('/').slice(0, 3).join('/');
      return `${subscription}/providers/Microsoft.ContainerRegistry/locations/${location?.toUpperCase()}/operationResults/${kind(resourceId)}-${id}`;
    },
    result: () => ({ status: 200 }),
    retryAfter: () => 10,
  };
}

function checkName(request: ArmRequest): Reply {
  const { name } = parseBody(request, z.looseObject({ name: z.string(), type: z.literal(registryType) }));
  const problem = nameProblem(request.world, name);
  if (problem) return { status: 200, body: { nameAvailable: false, reason: problem.reason, message: problem.message } };
  return { status: 200, body: { nameAvailable: true, availableLoginServerName: `${name.toLowerCase()}.azurecr.io` } };
}

function checkFree(world: World, name: string): void {
  const problem = nameProblem(world, name);
  if (problem?.reason === 'Invalid') throw new ArmError(400, 'InvalidResourceName', problem.message);
  if (problem) throw new ArmError(409, 'AlreadyInUse', problem.message);
}

function nameProblem(world: World, name: string): { reason: 'Invalid' | 'AlreadyExists'; message: string } | undefined {
  if (!/^[a-zA-Z0-9]{5,50}$/.test(name)) {
    return { reason: 'Invalid', message: `The registry name '${name}' must have 5 to 50 alphanumeric characters.` };
  }
  const taken = world.store.list(registryType).some((registry) => registry.name.toLowerCase() === name.toLowerCase());
  if (!taken) return undefined;
  const message = `The registry DNS name ${name}.azurecr.io is already in use. You can check if the name is already claimed using following API: https://docs.microsoft.com/rest/api/containerregistry/registries/checknameavailability`;
  return { reason: 'AlreadyExists', message };
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

/** A rule set that was sent without rules of its own is shown with none. */
function withIpRules(properties: Body): Body {
  const { networkRuleSet } = properties;
  return isBody(networkRuleSet) ? { ...properties, networkRuleSet: { ipRules: [], ...networkRuleSet } } : properties;
}

function systemData(world: World): Body {
  const now = world.clock.now().toISOString();
  return {
    createdBy: callerObjectId,
    createdByType: 'Application',
    createdAt: now,
    lastModifiedByType: 'Application',
    lastModifiedAt: now,
  };
}

function locationOf(world: World, ruleId: string): string {
  return String(world.store.get(parentPath(ruleId))?.body.location);
}

function cleaned(value: unknown): Body {
  const without = withoutNulls(value ?? {});
  return isBody(without) ? without : {};
}
