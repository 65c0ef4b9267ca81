import { resourceGroupId, sameResourceId } from '../../resources/ids.ts';
import type { ResourceGroupReference } from '../../resources/subscriptions.ts';
import { type ClientsOf, locate } from '../arm/connection.ts';
import { type Allowed, azureList, azureRead, whereAllowed } from '../arm/errors.ts';

/** A public address or prefix of a load balancer. */
export interface BalancedAddress {
  id: string;
  /** Whether machines leave by it, as an outbound rule says. */
  isOutbound: boolean;
}

/** The public addresses of the load balancers in a resource group, in whichever group the addresses are. */
export async function readBalancedAddresses(
  clients: ClientsOf,
  { subscriptionId, name }: ResourceGroupReference,
): Promise<BalancedAddress[]> {
  const { loadBalancers } = clients(subscriptionId).network;
  const all = await azureList(resourceGroupId(subscriptionId, name), () => loadBalancers.list(name));
  return all.flatMap(({ frontendIPConfigurations = [], outboundRules = [] }) => {
    const outbound = outboundRules.flatMap((rule) => rule.frontendIPConfigurations ?? []);
    return frontendIPConfigurations.flatMap(({ id: frontend = '', publicIPAddress, publicIPPrefix }) => {
      const id = publicIPAddress?.id ?? publicIPPrefix?.id;
      return id === undefined ? [] : [{ id, isOutbound: outbound.some((each) => sameResourceId(each.id, frontend)) }];
    });
  });
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
