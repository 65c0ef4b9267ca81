import { describe } from '@jest/globals';
import type { CreateClusterInput } from '../../../contract/index.ts';
import { subscriptionId } from '../../support/azure.ts';
import {
  type OwnRegistryIds,
  type OwnRegistryPart,
  ownRegistryBodies,
  prepareOwnRegistry,
  type ResourcePart,
} from '../../support/ownRegistry.ts';
import {
  type AcceptedCase,
  type Because,
  declareCases,
  inSubscription,
  location,
  lockBody,
  lockId,
  nameOf,
  networkBody,
  nodeGroup,
  ownRegistry,
  type RefusedCase,
  subnetBody,
} from './support.ts';

const unseenSubscription = '99999999-9999-9999-9999-999999999999';

type Given = [where: string, id: (ids: OwnRegistryIds) => string, given: (id: string) => Partial<CreateClusterInput>];
const byId: Given[] = [
  ['network.virtualNetworkId', ({ vnet }) => vnet, (id) => ({ network: { virtualNetworkId: id } })],
  ['registry.containerRegistryId', ({ registry }) => registry, (id) => ownRegistry({ containerRegistryId: id })],
  [
    'registry.privateEndpoint.resourceId',
    ({ privateEndpoint }) => privateEndpoint,
    (id) => ownRegistry({ privateEndpoint: { resourceId: id } }),
  ],
  [
    'registry.privateDnsZone.resourceId',
    ({ zone }) => zone,
    (id) => ownRegistry({ privateDnsZone: { resourceId: id } }),
  ],
  [
    'identity.resourceId',
    ({ controlPlane }) => controlPlane,
    (id) => ({ identity: { type: 'UserAssigned', resourceId: id } }),
  ],
  ['kubeletIdentity.resourceId', ({ kubelet }) => kubelet, (id) => ({ kubeletIdentity: { resourceId: id } })],
];
const missing: RefusedCase[] = byId.flatMap(([where, idOf, given]) =>
  [subscriptionId, unseenSubscription].map((subscription): RefusedCase => {
    const id = (ids: OwnRegistryIds) => inSubscription(idOf(ids), subscription);
    return {
      name: `${where} that does not exist, in subscription ${subscription}`,
      arrange: ({ make }) => make('group'),
      given: (ids) => given(id(ids)),
      because: (ids) => [
        [
          where,
          new RegExp(`^${id(ids)} does not exist, or the worker's identity cannot see it$`),
          /^Correct the ID, or leave it out/,
        ],
      ],
    };
  }),
);

const locks: RefusedCase[] = [
  {
    name: 'a lock that forbids to take back what is created',
    arrange: async ({ azure, ids, make }) => {
      await make('group');
      await azure.put(lockId(ids.group), lockBody('CanNotDelete'));
    },
    because: ({ group }) => [
      [
        lockId(group),
        /^this lock forbids to take back what a failed run created \(Virtual network .*, Cluster /,
        /^Remove the lock for the run, or set onFailure to leave\.$/,
      ],
    ],
  },
  {
    name: 'a lock of a registry whose public access must be taken away',
    arrange: async ({ azure, ids }) => {
      await prepareOwnRegistry(azure, nameOf(ids));
      await azure.put(ids.registry, { properties: { publicNetworkAccess: 'Enabled' } }, 'PATCH');
      await azure.put(lockId(ids.registry), lockBody('ReadOnly'));
    },
    because: ({ registry }) => [
      [lockId(registry), /^this lock forbids every change \(Registry [a-z0-9]+\)$/, /^Remove the lock for the run\.$/],
    ],
  },
];

const denials: RefusedCase[] = [
  {
    name: 'a deny assignment of a deployment stack, told with a lock',
    arrange: async ({ azure, ids, make }) => {
      await make('group');
      await azure.put(lockId(ids.group), lockBody('ReadOnly'));
      const [name, actions] = ['d0000000-0000-4000-8000-000000000000', ['Microsoft.Network/*/write', '*/delete']];
      await azure.send('PUT', '/simulator/denyAssignments', [{ name, title: 'stack', scope: ids.group, actions }]);
    },
    because: ({ group }) => [
      [
        group,
        /^the deny assignment "stack" keeps the worker's identity from Microsoft.Network\/virtualNetworks\/write, /,
        /^Have whoever made it except that identity, or lift it for the run\.$/,
      ],
      [group, /"stack" .* taking back what a failed run created: .*registries\/delete/, /or set onFailure to leave\.$/],
      [lockId(group), /^this lock forbids every change/, /^Remove the lock for the run\.$/],
    ],
  },
];

const groups: RefusedCase[] = [
  {
    name: 'a resource group that is being deleted',
    arrange: async ({ ids, make, begin }) => {
      await make('group');
      await begin(ids.group, undefined, 'DELETE');
    },
    because: ({ group }) => [[group, /^the resource group is being deleted$/, /^Wait until it is gone\.$/]],
  },
  {
    name: 'a node resource group that is there',
    arrange: async ({ azure, ids }) => azure.put(nodeGroup(ids), { location }),
    because: (ids) => [
      [
        nodeGroup(ids),
        /^AKS creates the node resource group itself, and it is there already$/,
        /^Remove it, or give another name as nodeResourceGroup\.$/,
      ],
    ],
  },
];

type Piece = [what: string, part: ResourcePart, body?: object];
/** Everything that has a state, the network left out. Its body is the usual one, or this. */
const pieces: Piece[] = [
  ['subnet', 'nodeSubnet', subnetBody('192.168.1.0/24')],
  ['registry', 'registry'],
  ['cache rule', 'cacheRule'],
  ['private endpoint', 'privateEndpoint'],
  ['private DNS zone', 'zone'],
  ['link', 'link'],
];
const bodyOf = (ids: OwnRegistryIds, part: OwnRegistryPart): unknown =>
  Object.entries(ownRegistryBodies(ids)).find(([key]) => key === part)?.[1];

const states: RefusedCase[] = [
  ...pieces.flatMap(([what, part, body]): RefusedCase[] => [
    {
      name: `an operation in progress on a ${what}`,
      arrange: async ({ ids, make, begin }) => {
        await make(part);
        await begin(ids[part], body ?? bodyOf(ids, part));
      },
      because: (ids) => [
        [ids[part], /^an operation is in progress (on the subnet )?\(Updating\)$/, /^Wait for it to end/],
      ],
    },
    {
      name: `a ${what} in state Failed`,
      arrange: async ({ ids, make, fail }) => {
        await make(part);
        await fail(ids[part], body ?? bodyOf(ids, part));
      },
      because: (ids) => [[ids[part], /^its state is Failed$/, /^Repair or delete it, then start again\.$/]],
    },
  ]),
  {
    name: 'a private endpoint that is being deleted',
    arrange: async ({ ids, make, begin }) => {
      await make('privateEndpoint');
      await begin(ids.privateEndpoint, undefined, 'DELETE');
    },
    because: ({ privateEndpoint }) => [
      [privateEndpoint, /^an operation is in progress \(Deleting\)$/, /^Wait for it to end/],
    ],
  },
  {
    name: 'an operation in progress on a network, which is one on its subnets',
    arrange: async ({ ids, make, begin }) => {
      await make('group');
      await begin(ids.vnet, ownRegistryBodies(ids).vnet);
    },
    because: ({ vnet, nodeSubnet, registrySubnet }) => [
      [vnet, /^an operation is in progress \(Updating\)$/, /^Wait for it to end, then start again\.$/],
      ...[nodeSubnet, registrySubnet].map(
        (id): Because => [id, /^an operation is in progress on the subnet \(Updating\)$/, /^Wait for it to end\.$/],
      ),
    ],
  },
  {
    name: 'a network in state Failed',
    arrange: async ({ ids, make, fail }) => {
      await make('group');
      await fail(ids.vnet, networkBody(['192.168.0.0/16']));
    },
    because: ({ vnet }) => [[vnet, /^its state is Failed$/, /^Repair or delete it, then start again\.$/]],
  },
];

const accepted: AcceptedCase[] = [
  {
    name: 'a lock against deletion, where nothing is to be taken back',
    arrange: async ({ azure, ids, make }) => {
      await make('group');
      await azure.put(lockId(ids.group), lockBody('CanNotDelete'));
    },
    given: () => ({ onFailure: 'leave' }),
  },
  {
    name: 'a lock of a registry that needs no change',
    arrange: async ({ azure, ids }) => {
      await prepareOwnRegistry(azure, nameOf(ids));
      await azure.put(lockId(ids.registry), lockBody('ReadOnly'));
    },
  },
];

describe('createCluster where resources are missing, locked, busy or failed', () => {
  declareCases({ prefix: 'res', refused: [...missing, ...locks, ...denials, ...groups, ...states], accepted });
});
