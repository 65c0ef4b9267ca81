import { describe } from '@jest/globals';
import { subscriptionId } from '../../support/azure.ts';
import { aRecord, type OwnRegistryIds } from '../../support/ownRegistry.ts';
import {
  type AcceptedCase,
  declareCases,
  endpointBody,
  inHub,
  inSubscription,
  linkBody,
  location,
  networkBody,
  otherSubscription,
  ownRegistry,
  type RefusedCase,
} from './support.ts';

const elsewhere: [string, RegExp, RegExp] = [
  'network.virtualNetworkId',
  /^the network is in another subscription than the cluster/,
  /^Use a network in the subscription of the cluster\.$/,
];

const refused: RefusedCase[] = [
  ...[subscriptionId, otherSubscription].map((subscription): RefusedCase => {
    const zoneOf = (ids: OwnRegistryIds) => inSubscription(inHub(ids, ids.zone), subscription);
    return {
      name: `a network that is linked to another zone, in subscription ${subscription}`,
      arrange: async ({ azure, ids }) => {
        const group = inSubscription(ids.group, subscription);
        await azure.put(group, { location });
        await azure.put(inSubscription(ids.vnet, subscription), networkBody(['192.168.0.0/16']));
        await azure.put(`${group}.hub`, { location });
        await azure.put(zoneOf(ids), { location: 'global' });
        const link = `${zoneOf(ids)}/virtualNetworkLinks/theirs`;
        await azure.put(link, linkBody(inSubscription(ids.vnet, subscription)));
      },
      given: ({ vnet }) => ({ network: { virtualNetworkId: inSubscription(vnet, subscription) } }),
      because: (ids) => [
        ...(subscription === subscriptionId ? [] : [elsewhere]),
        [
          zoneOf(ids),
          /^the network is linked to this zone, and .* to one privatelink\.azurecr\.io only$/,
          /resourceId/,
        ],
      ],
    };
  }),
  {
    name: 'a link of the name that leads to another network',
    arrange: async ({ azure, ids, make }) => {
      await make('vnet');
      await azure.put(`${ids.vnet}-other`, networkBody(['172.16.0.0/16']));
      await make('link', linkBody(`${ids.vnet}-other`));
    },
    because: ({ link, vnet }) => [
      [link, new RegExp(`^this link leads to ${vnet}-other$`), /registry\.privateDnsZone\.linkName/],
    ],
  },
  {
    name: 'a record although there is no endpoint',
    arrange: async ({ azure, ids, make }) => {
      await make('zone');
      await azure.put(ids.dataRecord, aRecord('172.16.1.9'));
    },
    because: ({ dataRecord }) => [
      [dataRecord, /^the record is there with 172\.16\.1\.9, and the registry's endpoint is not$/, /remove the record/],
    ],
  },
  {
    name: 'a record of a registry that was deleted and made anew',
    arrange: async ({ azure, ids, make }) => {
      await make('privateEndpoint');
      await make('zone');
      await azure.put(ids.registryRecord, aRecord('192.168.2.5'));
      await azure.remove(ids.registry);
      await make('registry');
      // As the advice for the endpoint tells, but for the records.
      await azure.remove(ids.privateEndpoint);
    },
    because: ({ registryRecord }) => [
      [
        registryRecord,
        /^the record is there with 192\.168\.2\.5, and the registry's endpoint is not$/,
        /^No endpoint of the registry is left that it could belong to: remove the record/,
      ],
    ],
  },
  {
    name: 'a record that belongs to an endpoint of another name',
    arrange: async ({ azure, ids, make }) => {
      await make('zone');
      await make('registrySubnet');
      await make('registry');
      await azure.put(`${ids.privateEndpoint}-hub`, endpointBody(ids.registrySubnet, ids.registry));
      await azure.put(ids.registryRecord, aRecord('192.168.2.5'));
    },
    because: ({ registryRecord, privateEndpoint }) => [
      [
        registryRecord,
        /^the record is there with 192\.168\.2\.5/,
        new RegExp(`registry\\.privateEndpoint\\.resourceId .*\\(the registry has ${privateEndpoint}-hub\\)`),
      ],
    ],
  },
];

const accepted: AcceptedCase[] = [
  {
    name: 'a link of another name, where the name is taken by a link to another network',
    arrange: async ({ azure, ids, make }) => {
      await make('link');
      await azure.put(`${ids.vnet}-other`, networkBody(['172.16.0.0/16']));
      await azure.put(`${ids.zone}/virtualNetworkLinks/taken`, linkBody(`${ids.vnet}-other`));
    },
    given: () => ownRegistry({ privateDnsZone: { linkName: 'taken' } }),
  },
];

describe('createCluster with zones, links and records that are there', () => {
  declareCases({ prefix: 'dns', refused, accepted });
});
