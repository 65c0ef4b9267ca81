import { describe } from '@jest/globals';
import type { SimulatedAzure } from '../../support/azure.ts';
import { type OwnRegistryIds, ownRegistryBodies, prepareOwnRegistry } from '../../support/ownRegistry.ts';
import {
  type AcceptedCase,
  declareCases,
  endpointBody,
  inSubscription,
  lastOf,
  location,
  namedSubnet,
  nameOf,
  networkBody,
  otherSubscription,
  type RefusedCase,
  ruleBody,
} from './support.ts';

const ruleCase = (which: string, name: string, source: string, target: string): RefusedCase => ({
  name: `a cache rule ${which}`,
  arrange: async ({ azure, ids, make }) => {
    await make('registry');
    await azure.put(`${ids.registry}/cacheRules/${name}`, ruleBody(source, target));
  },
  because: ({ registry }) => [
    [
      `${registry}/cacheRules/${name}`,
      /this rule copies .*; nodes need a rule aks-managed-mcr from mcr\.microsoft\.com\/\* to aks-managed-repository\/\*$/,
      /^Delete it .*, or use another registry/,
    ],
  ],
});

const registries: RefusedCase[] = [
  {
    name: 'a registry that is not Premium',
    arrange: ({ make }) => make('registry', { location, sku: { name: 'Standard' } }),
    because: ({ registry }) => [
      [registry, /^its SKU is Standard, and private endpoints need Premium$/, /az acr update --sku Premium/],
    ],
  },
  {
    name: 'a registry that takes no tokens for Azure Resource Manager',
    arrange: ({ make }) =>
      make('registry', {
        location,
        sku: { name: 'Premium' },
        properties: {
          publicNetworkAccess: 'Disabled',
          policies: { azureADAuthenticationAsArmPolicy: { status: 'disabled' } },
        },
      }),
    because: ({ registry }) => [
      [registry, /^it takes no tokens for Azure Resource Manager/, /authentication-as-arm update --status enabled/],
    ],
  },
  ruleCase('of the right name with another target', 'aks-managed-mcr', 'mcr.microsoft.com/*', 'mirror/*'),
  ruleCase('of the right name with another source', 'aks-managed-mcr', 'ghcr.io/*', 'mirror/*'),
  ruleCase('whose target holds the one that is needed', 'my-own', 'ghcr.io/*', '*'),
  ruleCase('that has the target', 'my-own', 'ghcr.io/*', 'aks-managed-repository/*'),
  {
    name: "a cache rule that keeps the preview's target",
    arrange: async ({ azure, ids, make }) => {
      await make('registry');
      await azure.put(`${ids.registry}/cacheRules/my-own`, ruleBody('ghcr.io/*', '*'));
    },
    given: () => ({ profile: 'preview', kubernetesVersion: '1.34' }),
    because: ({ registry }) => [
      [`${registry}/cacheRules/my-own`, /nodes need a rule .* from mcr\.microsoft\.com\/\* to \*$/, /^Delete it/],
    ],
  },
  {
    name: 'a registry name that is taken in another subscription',
    arrange: async ({ azure, ids }) => {
      await azure.put(inSubscription(ids.group, otherSubscription), { location });
      await azure.put(inSubscription(ids.registry, otherSubscription), ownRegistryBodies(ids).registry);
    },
    because: ({ registry }) => [
      [
        'registry.name',
        new RegExp(`^the name ${lastOf(registry)} cannot be had: .*already in use`),
        /^Give another name\.$/,
      ],
    ],
  },
];

/** The registry's side of the endpoint's connection. */
async function connectionOf(azure: SimulatedAzure, ids: OwnRegistryIds): Promise<string> {
  const found = Object.values(await azure.state()).find(({ id }) =>
    id.startsWith(`${ids.registry}/privateEndpointConnections/`),
  );
  return found?.id ?? 'none';
}

const endpoints: RefusedCase[] = [
  {
    name: 'an endpoint that leads to another registry',
    arrange: async ({ azure, ids, make }) => {
      await make('registrySubnet');
      await make('registry');
      await azure.put(`${ids.registry}x`, ownRegistryBodies(ids).registry);
      await make('privateEndpoint', endpointBody(ids.registrySubnet, `${ids.registry}x`));
    },
    because: ({ privateEndpoint, registry }) => [
      [
        privateEndpoint,
        new RegExp(`^this endpoint leads to ${registry}x, not to ${registry}$`),
        /registry\.privateEndpoint\.name/,
      ],
    ],
  },
  {
    name: 'an endpoint in another network',
    arrange: async ({ azure, ids, make }) => {
      await make('registrySubnet');
      const other = `${ids.vnet}-other`;
      await azure.put(other, networkBody(['172.16.0.0/16'], [namedSubnet('acr-subnet', '172.16.1.0/24')]));
      await make('privateEndpoint', endpointBody(`${other}/subnets/acr-subnet`, ids.registry));
    },
    because: ({ privateEndpoint, vnet }) => [
      [
        privateEndpoint,
        new RegExp(`^this endpoint is in another network, in subnet ${vnet}-other/`),
        /registry\.privateEndpoint\.name, or that network/,
      ],
    ],
  },
  {
    name: 'an endpoint whose connection nobody has approved',
    arrange: ({ ids, make }) => make('privateEndpoint', endpointBody(ids.registrySubnet, ids.registry, true)),
    because: ({ privateEndpoint }) => [
      [privateEndpoint, /^its connection waits for approval$/, /az acr private-endpoint-connection approve/],
    ],
  },
  {
    name: 'an endpoint whose connection was rejected',
    arrange: async ({ azure, ids, make }) => {
      await make('privateEndpoint');
      await azure.put(await connectionOf(azure, ids), {
        properties: { privateLinkServiceConnectionState: { status: 'Rejected' } },
      });
    },
    because: ({ privateEndpoint }) => [[privateEndpoint, /^its connection is Rejected$/, /^Delete the endpoint/]],
  },
  {
    name: 'an endpoint whose connection was removed',
    arrange: async ({ azure, ids, make }) => {
      await make('privateEndpoint');
      await azure.remove(await connectionOf(azure, ids));
    },
    because: ({ privateEndpoint }) => [
      [privateEndpoint, /^its connection is Disconnected$/, /^Delete the endpoint, and its records in the zone/],
    ],
  },
  {
    name: 'an endpoint without an address for a replica that is being made',
    arrange: async ({ ids, make, begin }) => {
      await make('privateEndpoint');
      await begin(`${ids.registry}/replications/northeurope`, { location: 'northeurope' });
    },
    because: ({ privateEndpoint, registry }) => [
      [
        privateEndpoint,
        new RegExp(`^the endpoint has no address for ${lastOf(registry)}\\.northeurope\\.data$`),
        /Wait .*replica.*delete the endpoint and start again/,
      ],
    ],
  },
];

const accepted: AcceptedCase[] = [
  { name: 'everything as it should be', arrange: ({ azure, ids }) => prepareOwnRegistry(azure, nameOf(ids)) },
  {
    name: 'a cache rule with the same source and a target of its own',
    arrange: async ({ azure, ids, make }) => {
      await make('registry');
      await azure.put(`${ids.registry}/cacheRules/my-own`, ruleBody('mcr.microsoft.com/*', 'mirror/*'));
    },
  },
  {
    name: 'cache rules for other sources',
    arrange: async ({ azure, ids, make }) => {
      await make('registry');
      await azure.put(`${ids.registry}/cacheRules/my-own`, ruleBody('ghcr.io/*', 'github/*'));
    },
  },
];

describe('createCluster with a registry and an endpoint that are there', () => {
  declareCases({ prefix: 'reg', refused: [...registries, ...endpoints], accepted });
});
