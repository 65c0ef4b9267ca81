import { gatewayError } from '../../arm/errors.ts';
import type { ArmRequest, Reply } from '../../arm/exchange.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { regions } from '../../arm/regions.ts';
import type { Resource } from '../../arm/store.ts';
import { transit } from '../../arm/transitions.ts';
import type { TypeTable } from '../../arm/typeTable.ts';
import type { World } from '../../arm/world.ts';
import { activateFeatures } from './features.ts';
import { registration } from './registration.ts';

const type = 'Microsoft.Resources/subscriptions/providers';
const statePath = 'registrationState';
/** 30 s are modelled. */
const transitions = { register: { ...registration, state: statePath, seconds: 30 } } as const;

export const providerRegistrationTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type,
    notFound: (request) =>
      gatewayError(404, 'InvalidResourceNamespace', `The resource namespace '${request.id.names[1]}' is invalid.`),
    actions: { register, unregister },
    transitions,
  },
];

/** Puts every provider into a subscription, `Registered` unless `states` says otherwise. */
export function seedProviders(
  world: World,
  table: TypeTable,
  subscription: string,
  states: Readonly<Record<string, string>> = {},
): void {
  const asked = new Map(Object.entries(states).map(([namespace, state]) => [namespace.toLowerCase(), state]));
  for (const namespace of table.namespaces) {
    const id = `${subscription}/providers/${namespace}`;
    world.store.put(id, type, {
      id,
      namespace,
      registrationPolicy: 'RegistrationRequired',
      registrationState: asked.get(namespace.toLowerCase()) ?? 'Registered',
      resourceTypes: table.typesOf(namespace).map((each) => ({
        resourceType: each.type.slice(namespace.length + 1),
        locations: [...regions.values()],
      })),
    });
  }
}

function register(request: ArmRequest, provider: Resource): Reply {
  const { world } = request;
  return transit(world, transitions.register, {
    id: provider.id,
    body: () => provider.body,
    atEnd(status) {
      if (status === 'Succeeded') activateFeatures(world, provider);
    },
  });
}

function unregister(request: ArmRequest, provider: Resource): Reply {
  request.world.setState(provider.id, 'NotRegistered', statePath);
  return { status: 200, body: provider.body };
}
