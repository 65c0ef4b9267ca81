import type { SubscriptionFacts } from '../resources/subscriptions.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureCall, azureRead, collect } from './arm/errors.ts';

export async function readSubscription(
  clients: ClientsOf,
  subscriptionId: string,
): Promise<SubscriptionFacts | undefined> {
  const { subscriptions } = clients(subscriptionId).subscriptions;
  const found = await azureRead(`/subscriptions/${subscriptionId}`, () => subscriptions.get(subscriptionId));
  return found && { state: found.state ?? 'Unknown', tenantId: found.tenantId ?? 'Unknown' };
}

/** Lists the regions in which a subscription can have resources. */
export async function readLocations(clients: ClientsOf, subscriptionId: string): Promise<string[]> {
  const { subscriptions } = clients(subscriptionId).subscriptions;
  const locations = await azureCall(`/subscriptions/${subscriptionId}`, () =>
    collect(subscriptions.listLocations(subscriptionId)),
  );
  return locations.flatMap(({ name }) => name ?? []);
}

/** As many as one look asks: each costs a request, and a tenant may have thousands. */
export const mostSubscriptions = 100;

/** Lists the IDs of the subscriptions that the worker's identity sees. */
export async function listSubscriptions(clients: ClientsOf): Promise<string[]> {
  const { subscriptions } = clients('').subscriptions;
  const seen = await azureCall('/subscriptions', () => collect(subscriptions.list()));
  return seen.map(({ subscriptionId }) => subscriptionId ?? '');
}
