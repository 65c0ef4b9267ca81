import type { Subnet } from '@azure/arm-network';
import { keyOf, sameResourceId } from '../resources/ids.ts';
import type { Marks } from '../resources/marks.ts';
import { mismatch } from '../resources/mismatch.ts';
import {
  type SubnetFacts,
  type SubnetProperties,
  type SubnetSpecification,
  subnetMismatches,
} from '../resources/virtualNetworks.ts';
import { type ClientsOf, type Located, locate } from './arm/connection.ts';
import { azureRead } from './arm/errors.ts';
import {
  createResource,
  deleteResource,
  type MaybeAdopted,
  type MaybeUnseen,
  type ResourceType,
} from './arm/ownedResource.ts';
import { ifMatch, updateResource } from './arm/resourceUpdate.ts';
import { usersOf } from './users/usersOf.ts';

export async function readSubnet(clients: ClientsOf, id: string): Promise<SubnetFacts | undefined> {
  const found = await getSubnet(clients, id);
  return found && wholeSubnetFacts(found);
}

function getSubnet(clients: ClientsOf, id: string): Promise<Subnet | undefined> {
  const { client, resourceGroup, parent, name } = locate(clients, 'network', id);
  return azureRead(id, () => client.subnets.get(resourceGroup, parent, name));
}

const wholeSubnetFacts = (found: Subnet): SubnetFacts => ({
  ...subnetFacts(found),
  attachments: attachmentsOf(found),
});

/** Everything that its owner, a colleague or a policy has put on a subnet: security rules, routes, ways out, endpoints of services. */
const attachmentsOf = (subnet: Subnet): string[] =>
  [
    subnet.networkSecurityGroup?.id,
    subnet.routeTable?.id,
    subnet.natGateway?.id,
    ...(subnet.serviceEndpointPolicies ?? []).map(({ id }) => id),
    ...(subnet.serviceEndpoints ?? []).map(({ service }) => service),
    ...(subnet.delegations ?? []).map(({ serviceName }) => serviceName),
  ].flatMap((each) => (each === undefined ? [] : keyOf(each)));

const subnetType: ResourceType<'network', SubnetFacts> = {
  kind: 'subnet',
  service: 'network',
  read: readSubnet,
  remove: ({ client, resourceGroup, parent, name }) => client.subnets.delete(resourceGroup, parent, name),
};

/** @param etag That of the subnet which the body replaces. Azure changes it with every change in the network. */
const putSubnet =
  (body: Subnet, etag?: string) =>
  ({ client, resourceGroup, parent, name }: Located<'network'>) =>
    client.subnets.createOrUpdate(resourceGroup, parent, name, body, ifMatch(etag));

export const subnetActivities = (clients: ClientsOf) => ({
  /** Creates a subnet in a network that is there. @param mayBeOurs Whether an earlier activity of this run may have made it. */
  async createSubnet(subnet: SubnetSpecification, mayBeOurs = false): Promise<SubnetFacts & MaybeAdopted> {
    let there: Subnet | undefined;
    const read = async (): Promise<SubnetFacts | undefined> => {
      there = await getSubnet(clients, subnet.id);
      return there && wholeSubnetFacts(there);
    };
    return createResource(clients, { ...subnetType, read }, subnet.id, {
      mayBeOurs,
      // A PUT replaces the whole subnet: what others have put on one that ended Failed stays.
      send: (resource) => putSubnet({ ...there, ...newSubnet(subnet, there) }, there?.etag)(resource),
      mismatches: (seen) => newSubnetMismatches(subnet, seen),
    });
  },

  /**
   * Changes these properties of a subnet. A PUT replaces the whole subnet, so all others are sent as they are.
   *
   * @param written For undo: what this run wrote. Where Azure shows something else, somebody's newer setting stays.
   * @returns `undefined` where undo finds the subnet gone.
   * @throws ApplicationFailure `ChangedSince`.
   */
  updateSubnet: (
    { id, properties }: { id: string; properties: SubnetProperties },
    written?: SubnetProperties,
  ): Promise<SubnetFacts | undefined> =>
    updateResource(clients, subnetType, id, {
      get: ({ client, resourceGroup, parent, name }) => client.subnets.get(resourceGroup, parent, name),
      factsOf: subnetFacts,
      send(subnet, current) {
        const { defaultOutboundAccess: _said, ...unsaid } = current;
        const kept = properties.defaultOutboundAccess === null ? unsaid : current;
        return putSubnet({ ...kept, ...azureProperties(properties, current) }, current.etag)(subnet);
      },
      mismatches: (seen) => subnetMismatches(properties, seen),
      putBack:
        written &&
        ((seen) => [{ before: subnetMismatches(properties, seen), written: subnetMismatches(written, seen) }]),
    }),

  /**
   * Deletes a subnet that this run created. Azure refuses while machines are in the subnet.
   *
   * @param written What it wrote: another subnet of the name is somebody else's.
   * @param marks Those of the run, whose cluster is no other user.
   * @param attachments What was on it once it was made. Left out by version 0.1: then all is taken to have been.
   */
  deleteSubnet: (
    id: string,
    written?: SubnetSpecification,
    marks: Marks = {},
    attachments?: readonly string[],
  ): Promise<MaybeUnseen | undefined> =>
    deleteResource(
      clients,
      subnetType,
      { id, marks: {}, ofThisRun: true },
      {
        isAsWritten: (seen) =>
          (!written || newSubnetMismatches(written, seen).length === 0) &&
          (!attachments || (seen.attachments ?? []).every((each) => attachments.includes(each))),
        usersOf: () => usersOf(clients, id, marks),
      },
    ),
});

const newSubnetMismatches = (wanted: SubnetSpecification, seen: SubnetFacts): string[] => [
  ...mismatch('addressPrefix', wanted.addressPrefix, seen.addressPrefixes.join(', ')),
  ...subnetMismatches(wanted, seen),
];

export function newSubnet(subnet: SubnetSpecification, there: Subnet | undefined): Subnet {
  return {
    addressPrefix: subnet.addressPrefix,
    // As the guide does. A policy of Azure Policy may have it otherwise: endpoints work either way.
    ...(subnet.use === 'registrySubnet' && { privateEndpointNetworkPolicies: 'Disabled' }),
    ...azureProperties(subnet, there),
  };
}

function azureProperties(properties: SubnetProperties, current: Subnet | undefined): Subnet {
  const { defaultOutboundAccess, privateEndpointNetworkPolicies, delegation } = properties;
  return {
    ...(typeof defaultOutboundAccess === 'boolean' ? { defaultOutboundAccess } : {}),
    ...(privateEndpointNetworkPolicies === undefined ? {} : { privateEndpointNetworkPolicies }),
    ...(delegation === undefined
      ? {}
      : {
          // An empty name takes the delegation away.
          delegations:
            delegation === ''
              ? []
              : [
                  ...(current?.delegations ?? []).filter(({ serviceName }) => !sameResourceId(serviceName, delegation)),
                  { name: 'aks-delegation', serviceName: delegation },
                ],
        }),
  };
}

export function subnetFacts(subnet: Subnet): SubnetFacts {
  return {
    id: subnet.id ?? '',
    name: subnet.name ?? '',
    provisioningState: subnet.provisioningState ?? 'Unknown',
    addressPrefixes: subnet.addressPrefixes ?? (subnet.addressPrefix === undefined ? [] : [subnet.addressPrefix]),
    // Azure shows it only if somebody has sent it.
    defaultOutboundAccess: subnet.defaultOutboundAccess ?? null,
    privateEndpointNetworkPolicies: subnet.privateEndpointNetworkPolicies ?? 'Disabled',
    ...(subnet.natGateway?.id !== undefined && { natGatewayId: subnet.natGateway.id }),
    ...(subnet.routeTable?.id !== undefined && { routeTableId: subnet.routeTable.id }),
    delegations: (subnet.delegations ?? []).map(({ serviceName }) => serviceName ?? ''),
    addressesInUse: (subnet.ipConfigurations ?? []).length,
    privateEndpoints: (subnet.privateEndpoints ?? []).length,
  };
}
