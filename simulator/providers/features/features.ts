import { gatewayError } from '../../arm/errors.ts';
import type { ArmRequest, Reply } from '../../arm/exchange.ts';
import { nameOf, subscriptionOf } from '../../arm/ids.ts';
import { valueAt } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import { transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { registration } from './registration.ts';

const type = 'Microsoft.Features/providers/features';
const statePath = 'properties.state';
/** Microsoft Learn: "Set up preview features" says that it takes a few minutes. */
const transitions = { register: { ...registration, state: statePath, seconds: 180 } } as const;

/** Every world has these preview features, not registered. */
const knownFeatures = [
  'Microsoft.ContainerService/NetworkIsolatedClusterPreview',
  'Microsoft.ContainerService/EnableAPIServerVnetIntegrationPreview',
] as const;

export const featureTypes: readonly ResourceType[] = [
  { kind: 'computed', type: 'Microsoft.Features/features', get: list },
  {
    kind: 'stored',
    type,
    notFound: (request) =>
      gatewayError(404, 'FeatureNotFound', `The feature '${request.id.names[1]}' could not be found.`),
    actions: { register, unregister },
    transitions,
  },
];

/** Puts the known features and those in `states` into a subscription; a registered one acts at once. */
export function seedFeatures(world: World, subscription: string, states: Readonly<Record<string, string>> = {}): void {
  const unregistered = Object.fromEntries(knownFeatures.map((name) => [name, 'NotRegistered']));
  for (const [name, state] of Object.entries({ ...unregistered, ...states })) {
    const [namespace, feature] = name.split('/');
    const id = `${subscription}/providers/Microsoft.Features/providers/${namespace}/features/${feature}`;
    world.store.put(id, type, { properties: { state }, id, type, name });
    if (state === 'Registered') world.activeFeatures.add(`${nameOf(subscription)}/${name}`.toLowerCase());
  }
}

/** Lets the registered features of a provider act: Azure does so only once the provider is registered again. */
export function activateFeatures(world: World, provider: Resource): void {
  const subscription = subscriptionOf(provider.id);
  for (const feature of world.store.list(type, subscription)) {
    const namespace = feature.id.split('/').at(-3) ?? '';
    if (namespace.toLowerCase() !== provider.name.toLowerCase() || !isRegistered(feature)) continue;
    world.activeFeatures.add(`${nameOf(subscription)}/${namespace}/${feature.name}`.toLowerCase());
  }
}

function register(request: ArmRequest, feature: Resource): Reply {
  if (isRegistered(feature)) return { status: 200, body: feature.body };
  return transit(request.world, transitions.register, { id: feature.id, body: () => feature.body });
}

function unregister(request: ArmRequest, feature: Resource): Reply {
  const { world } = request;
  world.setState(feature.id, 'Unregistered', statePath);
  const [namespace = '', name = ''] = request.id.names;
  world.activeFeatures.delete(`${request.id.subscriptionId}/${namespace}/${name}`.toLowerCase());
  return { status: 200, body: feature.body };
}

function list(request: ArmRequest): Reply {
  const found = request.world.store.list(type, `/subscriptions/${request.id.subscriptionId}`);
  return { status: 200, body: { value: found.map(({ body }) => body) } };
}

const isRegistered = ({ body }: Resource): boolean => valueAt(body, statePath) === 'Registered';
