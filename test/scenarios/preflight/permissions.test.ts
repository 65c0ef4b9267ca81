import { describe } from '@jest/globals';
import { subscriptionId } from '../../support/azure.ts';
import { type OwnRegistryIds, ownRegistryBodies } from '../../support/ownRegistry.ts';
import {
  type AcceptedCase,
  type Because,
  declareCases,
  inHub,
  location,
  ownRegistry,
  type RefusedCase,
} from './support.ts';

const except =
  (...notActions: string[]) =>
  ({ group }: OwnRegistryIds) => [{ scope: group, actions: ['*'], notActions }];
const give = /^Give it a role with these actions at this scope, then start again\.$/;
const mayNot = (where: string, ...actions: string[]): Because => [
  where,
  new RegExp(`^the worker's identity may not ${actions.join(', ').replaceAll('.', '\\.')}$`),
  give,
];
const assign = 'Microsoft.Authorization/roleAssignments/write';
const unassign = 'Microsoft.Authorization/roleAssignments/delete';
const joinSubnet = 'Microsoft.Network/virtualNetworks/subnets/join/action';
const joinNetwork = 'Microsoft.Network/virtualNetworks/join/action';
const assignIdentity = 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action';
const approve = 'Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action';
const registryAction = (action: string): string => `Microsoft.ContainerRegistry/registries/${action}`;

/** With exactly this, everything can be created and taken back in a resource group that is there. */
const sufficient = [
  ...['Microsoft.Network/virtualNetworks', 'Microsoft.Network/privateEndpoints', 'Microsoft.Network/privateDnsZones'],
  ...['Microsoft.Network/privateDnsZones/virtualNetworkLinks', 'Microsoft.Network/privateDnsZones/A'],
  ...['Microsoft.ContainerRegistry/registries', 'Microsoft.ContainerRegistry/registries/cacheRules'],
  ...['Microsoft.ManagedIdentity/userAssignedIdentities', 'Microsoft.Authorization/roleAssignments'],
  'Microsoft.ContainerService/managedClusters',
]
  .flatMap((type) => [`${type}/write`, `${type}/delete`])
  .concat('Microsoft.ContainerService/managedClusters/runCommand/action')
  .concat(joinSubnet, joinNetwork, assignIdentity, approve);

const missingPermissions: RefusedCase[] = [
  {
    name: 'roles that the worker may not assign, in a group where everything is still to be made',
    may: except(assign),
    arrange: ({ make }) => make('group'),
    because: ({ group }) => [mayNot(group, assign)],
  },
  {
    name: 'roles that the worker may not assign on what is there',
    may: except(assign, unassign),
    arrange: async ({ make }) => {
      await make('nodeSubnet');
      await make('registry');
      await make('kubelet');
    },
    because: ({ nodeSubnet, kubelet, registry }) =>
      [nodeSubnet, kubelet, registry].map((scope) => mayNot(scope, assign, unassign)),
  },
  {
    name: 'a subnet that the worker may not join',
    may: except(joinSubnet),
    arrange: ({ make }) => make('vnet'),
    because: ({ vnet }) => [mayNot(vnet, joinSubnet)],
  },
  {
    name: 'a network that the worker may not link a zone to',
    may: except(joinNetwork),
    arrange: ({ make }) => make('vnet'),
    because: ({ vnet }) => [mayNot(vnet, joinNetwork)],
  },
  {
    name: 'a registry for which the worker may not approve endpoints',
    may: except(approve),
    arrange: ({ make }) => make('registry'),
    because: ({ registry }) => [mayNot(registry, approve)],
  },
  {
    name: 'identities that the worker may not assign to the cluster',
    may: except(assignIdentity),
    arrange: async ({ make }) => {
      await make('controlPlane');
      await make('kubelet');
    },
    because: ({ controlPlane, kubelet }) => [controlPlane, kubelet].map((id) => mayNot(id, assignIdentity)),
  },
  {
    name: 'a registry that the worker could not take back',
    may: except(registryAction('delete')),
    arrange: ({ make }) => make('group'),
    because: ({ group }) => [mayNot(group, registryAction('delete'))],
  },
  {
    name: 'a registry in a group where nothing may be written but the registry itself',
    may: (ids) => [
      { scope: ids.group, actions: ['*'] },
      {
        scope: inHub(ids, ids.group),
        actions: ['Microsoft.Resources/subscriptions/resourceGroups/write', registryAction('write')],
      },
    ],
    arrange: async ({ azure, ids, make }) => {
      await make('group');
      await azure.put(inHub(ids, ids.group), { location });
      await azure.put(inHub(ids, ids.registry), ownRegistryBodies(ids).registry);
    },
    given: (ids) => ownRegistry({ containerRegistryId: inHub(ids, ids.registry) }),
    because: (ids) => [
      mayNot(
        inHub(ids, ids.registry),
        registryAction('cacheRules/write'),
        registryAction('cacheRules/delete'),
        approve,
        assign,
        unassign,
      ),
    ],
  },
  {
    name: 'a resource group that the worker may not create',
    because: () => [
      [
        `/subscriptions/${subscriptionId}`,
        // Everything else is to be made in that group.
        /^the worker's identity may not Microsoft\.Resources\/subscriptions\/resourceGroups\/write, .*managedClusters\/write/,
        give,
      ],
    ],
  },
];

const sufficientPermissions: AcceptedCase[] = [
  {
    name: 'a worker that may do what is needed and no more',
    may: ({ group }) => [
      { scope: group, actions: ['Microsoft.Resources/subscriptions/resourceGroups/write', ...sufficient] },
    ],
    arrange: ({ make }) => make('group'),
  },
  {
    name: 'a registry that the worker could not take back and need not',
    may: except(registryAction('delete')),
    arrange: ({ make }) => make('group'),
    given: () => ({ onFailure: 'leave' }),
  },
];

describe("createCluster under what the worker's identity may do", () => {
  declareCases({ prefix: 'may', refused: missingPermissions, accepted: sufficientPermissions });
});
