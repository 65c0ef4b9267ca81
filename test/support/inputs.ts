import fc from 'fast-check';
import type { CreateClusterInput } from '../../contract/index.ts';
import { subscriptionId } from './azure.ts';

const maybe = <T>(key: string, value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: value.map((some) => ({ [key]: some })) });

const merged = (...parts: fc.Arbitrary<object>[]): fc.Arbitrary<object> =>
  fc.tuple(...parts).map((all) => Object.assign({}, ...all));

const pool = merged(
  fc.record({
    name: fc.constantFrom('system', 'work', 'extra', 'Wrong', 'toolongforapool'),
    mode: fc.constantFrom('System', 'User'),
    count: fc.integer({ min: -1, max: 4 }),
  }),
  maybe('vmSize', fc.constantFrom('Standard_D4ds_v5', 'Standard_D2ds_v5', 'large')),
  maybe('enableAutoScaling', fc.boolean()),
  maybe('minCount', fc.integer({ min: 0, max: 3 })),
  maybe('maxCount', fc.integer({ min: 1, max: 5 })),
);

const registry = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ mode: 'managed' }) },
  {
    weight: 4,
    arbitrary: merged(
      fc.constant({ mode: 'bringYourOwn' }),
      maybe('privateEndpoint', fc.record({ name: fc.constantFrom('endpoint', '-wrong') })),
    ),
  },
  { weight: 1, arbitrary: fc.constant({ mode: 'none' }) },
);

/** Inputs of createCluster, many of them wrong in one way or another, of a cluster in the group and under the name that is given. */
export const createInputs = (name: string): fc.Arbitrary<CreateClusterInput> =>
  merged(
    fc.record({
      cluster: fc.constant({ subscriptionId, resourceGroup: `rg-${name}`, name }),
      location: fc.constantFrom('westeurope', 'westeurope', 'northeurope', 'nowhere'),
      registry,
      apiServerAccess: fc.constantFrom('privateLink', 'vnetIntegration'),
    }),
    maybe('outboundType', fc.constantFrom('none', 'block')),
    maybe('kubernetesVersion', fc.constantFrom('1.34', '1.35', '1.29', 'latest')),
    maybe('agentPoolProfiles', fc.array(pool, { maxLength: 3 })),
    maybe('serviceCidr', fc.constantFrom('10.1.0.0/16', '192.168.0.0/16', '10.0.0.1/16', 'all')),
    maybe('tags', fc.dictionary(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), { maxKeys: 3 })),
    fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fc.constant({ surprise: true }) }),
  ) as fc.Arbitrary<CreateClusterInput>;

/** Anything that looks like an input. */
export const anyInput: fc.Arbitrary<object> = createInputs('any');

/** The same with one value replaced by any other, somewhere in it. */
export const changed = (inputs: fc.Arbitrary<object>): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      inputs,
      fc.nat(),
      fc.oneof(
        fc.json().map((text) => JSON.parse(text)),
        fc.constant(undefined),
      ),
    )
    .map(([given, where, value]) => {
      const copy = structuredClone(given);
      const places = placesIn(copy);
      const place = places[where % places.length];
      if (place) place.in[place.key] = value;
      return JSON.parse(JSON.stringify(copy));
    });

type Values = Record<string, unknown>;

function placesIn(value: unknown): { in: Values; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const values = value as Values;
  return Object.keys(values).flatMap((key) => [{ in: values, key }, ...placesIn(values[key])]);
}
