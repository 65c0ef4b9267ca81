import { gatewayError } from '../arm/errors.ts';
import { type Body, withoutUndefined } from '../arm/json.ts';
import type { ArmRequest, Provider, Reply } from '../arm/provider.ts';
import { regions } from '../arm/regions.ts';
import type { Resource } from '../arm/store.ts';
import { tenantId } from '../arm/token.ts';

const seeded = [
  ['11111111-1111-1111-1111-111111111111', 'Simulated subscription 1'],
  ['22222222-2222-2222-2222-222222222222', 'Simulated subscription 2'],
] as const;

/** Tenants, subscriptions, their locations, and the lists of all tracked resources. */
export const subscriptions: Provider = {
  types: [
    { kind: 'stored', type: 'Microsoft.Resources/tenants' },
    { kind: 'stored', type: 'Microsoft.Resources/subscriptions' },
    { kind: 'computed', type: 'Microsoft.Resources/subscriptions/locations', get: locations },
    { kind: 'computed', type: 'Microsoft.Resources/subscriptions/resources', get: trackedResources },
    { kind: 'computed', type: 'Microsoft.Resources/subscriptions/resourceGroups/resources', get: trackedResources },
  ],
  behaviours: [
    {
      id: 'resources-filter',
      says: "Resources are listed at once, and `$filter=resourceType eq '…'` finds a registry by name without its group.",
      evidence: 'recorded',
      source: 'azure-cli test_aks_network_isolated_cluster.yaml',
    },
  ],
  seed(world) {
    world.store.put(`/tenants/${tenantId}`, 'Microsoft.Resources/tenants', {
      id: `/tenants/${tenantId}`,
      tenantId,
      displayName: 'Simulated tenant',
      tenantCategory: 'Home',
    });
    for (const [subscriptionId, displayName] of seeded) {
      const id = `/subscriptions/${subscriptionId}`;
      world.store.put(id, 'Microsoft.Resources/subscriptions', {
        id,
        subscriptionId,
        tenantId,
        displayName,
        state: 'Enabled',
        authorizationSource: 'RoleBased',
        managedByTenants: [],
        subscriptionPolicies: {
          locationPlacementId: 'Public_2014-09-01',
          quotaId: 'EnterpriseAgreement_2014-09-01',
          spendingLimit: 'Off',
        },
      });
    }
  },
};

function locations(request: ArmRequest): Reply {
  const value = [...regions].map(([name, displayName]) => ({
    id: `/subscriptions/${request.id.subscriptionId}/locations/${name}`,
    name,
    type: 'Region',
    displayName,
    regionalDisplayName: displayName,
    metadata: { regionType: 'Physical', regionCategory: 'Recommended' },
  }));
  return { status: 200, body: { value } };
}

function trackedResources(request: ArmRequest): Reply {
  const below = request.id.resourceGroup
    ? `/subscriptions/${request.id.subscriptionId}/resourceGroups/${request.id.resourceGroup}/`
    : `/subscriptions/${request.id.subscriptionId}/resourceGroups/`;
  const matches = filter(request.query.get('$filter'));
  const value = request.world.store
    .all()
    .filter((resource) => resource.id.toLowerCase().startsWith(below.toLowerCase()))
    .filter((resource) => resource.body.location !== undefined && matches(resource))
    .map(summary);
  return { status: 200, body: { value } };
}

function summary({ id, name, type, body }: Resource): Body {
  const { location, tags, sku, kind, identity, managedBy } = body;
  return withoutUndefined({ id, name, type, location, tags, sku, kind, identity, managedBy });
}

/** `resourceType eq '…'` and `name eq '…'`, joined by `and`. @throws ArmError 400 for anything else. */
function filter(text: string | null): (resource: Resource) => boolean {
  if (!text) return () => true;
  const clauses = text.split(/\s+and\s+/i).map((clause) => {
    const [, property = '', value = ''] = /^\s*(resourceType|name)\s+eq\s+'([^']*)'\s*$/i.exec(clause) ?? [];
    if (property === '')
      throw gatewayError(400, 'InvalidFilterInQueryString', `Invalid $filter '${text}' specified in the query string.`);
    const wanted = value.toLowerCase();
    return (resource: Resource) =>
      (property.toLowerCase() === 'name' ? resource.name : resource.type).toLowerCase() === wanted;
  });
  return (resource) => clauses.every((clause) => clause(resource));
}
