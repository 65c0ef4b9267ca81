import { gatewayError } from '../arm/errors.ts';
import type { ArmRequest, Reply } from '../arm/exchange.ts';
import { valueAt } from '../arm/json.ts';
import type { Provider } from '../arm/provider.ts';
import { regions } from '../arm/regions.ts';
import type { Registry } from '../arm/registry.ts';
import type { Resource } from '../arm/store.ts';
import { transit } from '../arm/transitions.ts';
import type { World } from '../arm/world.ts';

const providerType = 'Microsoft.Resources/subscriptions/providers';
const featureType = 'Microsoft.Features/providers/features';
const registrationState = 'registrationState';
const featureState = 'properties.state';
const register = {
  verb: 'POST register',
  answers: 200,
  during: 'Registering',
  ends: 'Registered',
  otherwise: 'NotRegistered',
} as const;
const providerTransitions = { register: { ...register, state: registrationState, seconds: 30 } } as const;
const featureTransitions = { register: { ...register, state: featureState, seconds: 180 } } as const;

const known = [
  'Microsoft.ContainerService/NetworkIsolatedClusterPreview',
  'Microsoft.ContainerService/EnableAPIServerVnetIntegrationPreview',
] as const;

/** Registration of providers and of preview features. */
export const features: Provider = {
  types: [
    {
      kind: 'stored',
      type: providerType,
      notFound: (request) =>
        gatewayError(404, 'InvalidResourceNamespace', `The resource namespace '${request.id.names[1]}' is invalid.`),
      actions: { register: registerProvider, unregister: unregisterProvider },
      transitions: providerTransitions,
    },
    { kind: 'computed', type: 'Microsoft.Features/features', get: listFeatures },
    {
      kind: 'stored',
      type: featureType,
      notFound: (request) =>
        gatewayError(404, 'FeatureNotFound', `The feature '${request.id.names[1]}' could not be found.`),
      actions: { register: registerFeature, unregister: unregisterFeature },
      transitions: featureTransitions,
    },
  ],
  behaviours: [
    {
      id: 'feature-registration',
      resourceType: 'Microsoft.Features/providers/features',
      says: 'Registering a flag answers 200 Registering at once and takes about three minutes; there is no operation to poll.',
      evidence: 'documented',
      source: 'Microsoft Learn, "Set up preview features in Azure subscription"',
      test: 'timings.test.ts: %s, with nothing to poll but itself',
    },
    {
      id: 'provider-registration',
      resourceType: 'Microsoft.Resources/subscriptions/providers',
      says: 'Registering a provider answers 200 and shows Registering even when it was Registered; 30 s later Registered.',
      evidence: 'recorded',
      source: 'azure-cli test_provider_registration.yaml (the 30 s are modelled)',
      test: 'timings.test.ts: %s, with nothing to poll but itself',
    },
    {
      id: 'feature-needs-provider',
      resourceType: 'Microsoft.Features/providers/features',
      says: 'A registered flag acts only after its provider has been registered again.',
      evidence: 'documented',
      source: 'Microsoft Learn, "Network isolated clusters" (November 2024)',
      test: 'editions.test.ts: isolation needs its flag, and the provider registered again after it',
    },
  ],
};

/** Registers every provider unless told otherwise; features start NotRegistered. Asked-for features act at once. */
export function seedRegistrations(
  world: World,
  registry: Registry,
  seed: { providers?: Record<string, string> | undefined; features?: Record<string, string> | undefined },
): void {
  const states = new Map([
    ...known.map((name) => [name, 'NotRegistered'] as const),
    ...Object.entries(seed.features ?? {}),
  ]);
  const providers = new Map(Object.entries(seed.providers ?? {}).map(([name, state]) => [name.toLowerCase(), state]));
  for (const { id } of world.store.list('Microsoft.Resources/subscriptions')) {
    for (const namespace of registry.namespaces) {
      const state = providers.get(namespace.toLowerCase()) ?? 'Registered';
      const resourceTypes = registry.typesOf(namespace).map((type) => ({
        resourceType: type.type.slice(namespace.length + 1),
        locations: [...regions.values()],
      }));
      const provider = `${id}/providers/${namespace}`;
      world.store.put(provider, providerType, {
        id: provider,
        namespace,
        registrationPolicy: 'RegistrationRequired',
        registrationState: state,
        resourceTypes,
      });
    }
    for (const [name, state] of states) {
      putFeature(world, id, name, state);
      if (state === 'Registered') world.activeFeatures.add(`${id.split('/').at(-1)}/${name}`.toLowerCase());
    }
  }
}

function registerProvider(request: ArmRequest, resource: Resource): Reply {
  const { world } = request;
  return transit(world, providerTransitions.register, {
    id: resource.id,
    body: () => resource.body,
    atEnd(status) {
      if (status === 'Succeeded') activateFeatures(world, resource);
    },
  });
}

function unregisterProvider(request: ArmRequest, resource: Resource): Reply {
  request.world.settle(resource.id, 'NotRegistered', registrationState);
  return { status: 200, body: resource.body };
}

function activateFeatures(world: World, provider: Resource): void {
  const subscription = provider.id.split('/').slice(0, 3).join('/');
  for (const feature of world.store.list(featureType, subscription)) {
    const namespace = feature.id.split('/').at(-3) ?? '';
    if (namespace.toLowerCase() !== provider.name.toLowerCase() || stateOf(feature) !== 'Registered') continue;
    world.activeFeatures.add(`${subscription.split('/').at(-1)}/${namespace}/${feature.name}`.toLowerCase());
  }
}

function registerFeature(request: ArmRequest, resource: Resource): Reply {
  const { world } = request;
  if (stateOf(resource) === 'Registered') return { status: 200, body: resource.body };
  return transit(world, featureTransitions.register, { id: resource.id, body: () => resource.body });
}

function unregisterFeature(request: ArmRequest, resource: Resource): Reply {
  const { world } = request;
  world.settle(resource.id, 'Unregistered', featureState);
  const [namespace = '', feature = ''] = request.id.names;
  world.activeFeatures.delete(`${request.id.subscriptionId}/${namespace}/${feature}`.toLowerCase());
  return { status: 200, body: resource.body };
}

const stateOf = (resource: Resource): unknown => valueAt(resource.body, featureState);

function putFeature(world: World, subscription: string, name: string, state: string): void {
  const [namespace, feature] = name.split('/');
  const id = `${subscription}/providers/Microsoft.Features/providers/${namespace}/features/${feature}`;
  world.store.put(id, featureType, { properties: { state }, id, type: featureType, name });
}

function listFeatures(request: ArmRequest): Reply {
  const found = request.world.store.list(featureType, `/subscriptions/${request.id.subscriptionId}`);
  return { status: 200, body: { value: found.map((feature) => feature.body) } };
}
