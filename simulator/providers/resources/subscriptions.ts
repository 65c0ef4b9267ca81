import { gatewayError } from '../../arm/errors.ts';
import type { ArmRequest, Reply } from '../../arm/exchange.ts';
import { type Body, isBody, withoutUndefined } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { regions } from '../../arm/regions.ts';
import type { Resource } from '../../arm/store.ts';
import { tenantId } from '../../arm/token.ts';
import type { World } from '../../arm/world.ts';

const tenantType = 'Microsoft.Resources/tenants';
const subscriptionType = 'Microsoft.Resources/subscriptions';
const seeded = [
  ['11111111-1111-1111-1111-111111111111', 'Simulated subscription 1'],
  ['22222222-2222-2222-2222-222222222222', 'Simulated subscription 2'],
] as const;

export const subscriptionTypes: readonly ResourceType[] = [
  { kind: 'stored', type: tenantType },
  { kind: 'stored', type: subscriptionType },
  { kind: 'computed', type: `${subscriptionType}/locations`, get: locations },
  { kind: 'computed', type: `${subscriptionType}/resources`, get: trackedResources },
  { kind: 'computed', type: `${subscriptionType}/resourceGroups/resources`, get: trackedResources },
];

/** Every world has one tenant and two subscriptions in it. */
export function seedSubscriptions(world: World): void {
  world.store.put(`/tenants/${tenantId}`, tenantType, {
    id: `/tenants/${tenantId}`,
    tenantId,
    displayName: 'Simulated tenant',
    tenantCategory: 'Home',
  });
  for (const [subscriptionId, displayName] of seeded) {
    const id = `/subscriptions/${subscriptionId}`;
    world.store.put(id, subscriptionType, {
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
}

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

/**
 * `resourceType eq '…'` and `name eq '…'`, or `tagName eq '…'` and `tagValue eq '…'`; ARM does not mix tags with others.
 *
 * @throws ArmError 400 for anything else.
 */
function filter(text: string | null): (resource: Resource) => boolean {
  if (!text) return () => true;
  const wanted = new Map(
    text.split(/\s+and\s+/i).map((clause) => {
      const [, property = '', value = ''] =
        /^\s*(resourceType|name|tagName|tagValue)\s+eq\s+'([^']*)'\s*$/i.exec(clause) ?? [];
      if (property === '') throw invalidFilter(text);
      return [property.toLowerCase(), value.toLowerCase()];
    }),
  );
  const tag = wanted.get('tagname');
  if ((tag !== undefined && (wanted.has('name') || wanted.has('resourcetype'))) || (!tag && wanted.has('tagvalue'))) {
    throw invalidFilter(text);
  }
  const same = (property: string, value: string | undefined) =>
    !wanted.has(property) || wanted.get(property) === value?.toLowerCase();
  return ({ name, type, body }) => {
    const [, value] =
      Object.entries(isBody(body.tags) ? body.tags : {}).find(([key]) => key.toLowerCase() === tag) ?? [];
    if (tag !== undefined && value === undefined) return false;
    return (
      same('name', name) && same('resourcetype', type) && same('tagvalue', value === undefined ? value : String(value))
    );
  };
}

function invalidFilter(text: string) {
  return gatewayError(400, 'InvalidFilterInQueryString', `Invalid $filter '${text}' specified in the query string.`);
}
