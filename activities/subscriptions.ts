import type { SubscriptionFacts } from '../resources/subscriptions.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureCall, azureRead } from './arm/errors.ts';

export async function readSubscription(
  clients: ClientsOf,
  subscriptionId: string,
): Promise<SubscriptionFacts | undefined> {
  const { subscriptions } = clients(subscriptionId).subscriptions;
  const found = await azureRead(`/subscriptions/${subscriptionId}`, () => subscriptions.get(subscriptionId));
  return found && { state: found.state ?? 'Unknown', tenantId: found.tenantId ?? 'Unknown' };
}

/** Regions in which a subscription can have resources. */
export async function readLocations(clients: ClientsOf, subscriptionId: string): Promise<string[]> {
  const { subscriptions } = clients(subscriptionId).subscriptions;
  const locations: string[] = [];
  await azureCall(`/subscriptions/${subscriptionId}`, async () => {
    for await (const { name } of subscriptions.listLocations(subscriptionId)) if (name) locations.push(name);
  });
  return locations;
}

/** IDs of the subscriptions that the identity sees. */
export async function listSubscriptions(clients: ClientsOf): Promise<string[]> {
  const ids: string[] = [];
  await azureCall('/subscriptions', async () => {
    for await (const { subscriptionId } of clients('').subscriptions.subscriptions.list())
      ids.push(subscriptionId ?? '');
  });
  return ids;
}
