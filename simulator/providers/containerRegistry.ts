import { z } from 'zod';
import { ArmError } from '../arm/errors.ts';
import { parentPath } from '../arm/ids.ts';
import { type Body, isBody, withoutNulls } from '../arm/json.ts';
import { propertiesOf } from '../arm/network.ts';
import type { OperationStyle } from '../arm/operations.ts';
import { type ArmRequest, type Provider, parseBody, type Reply } from '../arm/provider.ts';
import { normalLocation } from '../arm/regions.ts';
import type { Resource } from '../arm/store.ts';
import { callerObjectId } from '../arm/token.ts';
import type { World } from '../arm/world.ts';

const registryType = 'Microsoft.ContainerRegistry/registries';
const ruleType = 'Microsoft.ContainerRegistry/registries/cacheRules';
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
  properties: z.looseObject({ sourceRepository: z.string().min(1), targetRepository: z.string().min(1) }),
});

/** Container registries and cache rules. */
export const containerRegistry: Provider = {
  types: [
    {
      kind: 'stored',
      type: registryType,
      tracked: true,
      put: putRegistry,
      patch: patchRegistry,
      delete: removeRegistry,
    },
    {
      kind: 'stored',
      type: ruleType,
      notFound: (request) =>
        new ArmError(404, 'CacheRuleNotFound', `The cache rule '${request.id.names[1]}' was not found.`),
      put: putRule,
      delete: removeRule,
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
      says: 'A registry PUT takes 8 s to answer, its operation 10 s more; the running status is Creating; a PATCH answers 201.',
      evidence: 'recorded',
      source: 'azure-cli test_aks_network_isolated_cluster.yaml; test_acr_with_public_network_access_disabled.yaml',
    },
    {
      id: 'registry-name-global',
      says: "A registry's name is unique across subscriptions: AlreadyInUse.",
      evidence: 'recorded',
      source: 'MicrosoftDocs/azure-dev-docs#1303 (the status is modelled)',
    },
    {
      id: 'cache-rule-delete',
      says: 'Deleting a cache rule answers 202 with the body null and Location alone.',
      evidence: 'recorded',
      source: 'azure-cli test_acr_cache.yaml',
    },
  ],
};

function putRegistry(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const sent = parseBody(request, registryBody);
  const id = existing?.id ?? request.resourceId;
  const name = id.split('/').at(-1) ?? '';
  if (!existing) checkFree(world, name);
  const location = normalLocation(sent.location);
  const before = existing ? propertiesOf(existing) : {};
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
      ...cleaned(sent.properties),
      provisioningState: existing ? 'Updating' : 'Creating',
    },
  });
  return running(request, registry, existing ? 200 : 201, 8, location);
}

function patchRegistry(request: ArmRequest, registry: Resource): Reply {
  const { world } = request;
  const sent = parseBody(request, registryPatch);
  const properties = { ...propertiesOf(registry), ...cleaned(sent.properties), provisioningState: 'Updating' };
  world.store.put(registry.id, registryType, {
    ...registry.body,
    ...(sent.tags && { tags: sent.tags }),
    ...(sent.sku && { sku: { name: sent.sku.name, tier: sent.sku.name } }),
    properties,
  });
  return running(request, registry, 201, 1, String(registry.body.location));
}

function removeRegistry(request: ArmRequest, registry: Resource): Reply {
  request.world.remove(registry.id);
  return { status: 200 };
}

function putRule(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const { properties } = parseBody(request, ruleBody);
  const id = existing?.id ?? request.resourceId;
  const creationDate = existing ? propertiesOf(existing).creationDate : world.clock.now().toISOString();
  const rule = world.store.put(id, ruleType, {
    type: ruleType,
    id,
    name: id.split('/').at(-1),
    systemData: systemData(world),
    properties: { ...cleaned(properties), creationDate, provisioningState: existing ? 'Updating' : 'Creating' },
  });
  return running(request, rule, existing ? 200 : 201, 0.5, locationOf(world, id));
}

function removeRule(request: ArmRequest, rule: Resource): Reply {
  const { world } = request;
  world.settle(rule.id, 'Deleting');
  return {
    status: 202,
    body: null,
    operation: {
      style: registryStyle('location'),
      resourceId: rule.id,
      verb: 'DELETE',
      location: locationOf(world, rule.id),
      seconds: 10,
      onEnd(status) {
        if (status === 'Succeeded') world.remove(rule.id);
        else world.settle(rule.id, status);
      },
    },
  };
}

function running(request: ArmRequest, resource: Resource, status: number, seconds: number, location: string): Reply {
  const { world } = request;
  return {
    status,
    body: resource.body,
    seconds,
    headers: { 'api-supported-versions': '2025-11-01' },
    operation: {
      style: registryStyle('async'),
      resourceId: resource.id,
      verb: 'PUT',
      location,
      seconds: 10,
      onEnd: (end) => world.settle(resource.id, end),
    },
  };
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
