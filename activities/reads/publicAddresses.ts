import { resourceGroupId } from '../../resources/ids.ts';
import type { ResourceGroupReference } from '../../resources/subscriptions.ts';
import { type ClientsOf, locate } from '../arm/connection.ts';
import { type Allowed, azureList, azureRead, whereAllowed } from '../arm/errors.ts';

/** The public addresses of the load balancers in a resource group, in whichever group the addresses are. */
export async function readBalancedAddresses(
  clients: ClientsOf,
  { subscriptionId, name }: ResourceGroupReference,
): Promise<string[]> {
  const { loadBalancers } = clients(subscriptionId).network;
  const all = await azureList(resourceGroupId(subscriptionId, name), () => loadBalancers.list(name));
  return all.flatMap(({ frontendIPConfigurations = [] }) =>
    frontendIPConfigurations.flatMap(
      ({ publicIPAddress, publicIPPrefix }) => publicIPAddress?.id ?? publicIPPrefix?.id ?? [],
    ),
  );
}

/** Why a public address or prefix cannot be given to a load balancer. `undefined`: it can. */
export async function readAddressProblem(clients: ClientsOf, id: string): Promise<Allowed<string | undefined>> {
  const { client, resourceGroup, name } = locate(clients, 'network', id);
  return whereAllowed(async () => {
    if (/\/publicIPPrefixes\//i.test(id)) {
      const prefix = await azureRead(id, () => client.publicIPPrefixes.get(resourceGroup, name));
      return addressProblem(prefix, prefix?.loadBalancerFrontendIpConfiguration ?? prefix?.natGateway);
    }
    const address = await azureRead(id, () => client.publicIPAddresses.get(resourceGroup, name));
    return addressProblem(address, address?.ipConfiguration ?? address?.natGateway);
  });
}

function addressProblem(found: object | undefined, user: { id?: string } | undefined): string | undefined {
  if (!found) return 'it is not there any more';
  return user?.id === undefined ? undefined : `it is used by ${user.id}`;
}
