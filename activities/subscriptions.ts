import type { ClientsOf } from './connection.ts';
import { azureCall, azureRead } from './errors.ts';

export interface SubscriptionFacts {
  /** As Azure spells it; writes need `Enabled`. */
  state: string;
  locations: string[];
}

export async function readSubscription(
  clients: ClientsOf,
  subscriptionId: string,
): Promise<SubscriptionFacts | undefined> {
  const { subscriptions } = clients(subscriptionId).subscriptions;
  const id = `/subscriptions/${subscriptionId}`;
  const found = await azureRead(id, () => subscriptions.get(subscriptionId));
  if (!found) return undefined;
  const locations: string[] = [];
  await azureCall(id, async () => {
    for await (const { name } of subscriptions.listLocations(subscriptionId)) if (name) locations.push(name);
  });
  return { state: found.state ?? 'Unknown', locations };
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
