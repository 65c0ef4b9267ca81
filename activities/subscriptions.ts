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
