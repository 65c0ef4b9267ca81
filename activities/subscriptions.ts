import type { SubscriptionFacts } from '../resources/subscriptions.ts';
import type { Unread } from '../resources/unread.ts';
import { askedTogether } from './arm/askedTogether.ts';
import type { ClientsOf } from './arm/connection.ts';
import { type Allowed, azureCall, azureRead, collect, seenOr, unreadOf, whereAllowed } from './arm/errors.ts';

export async function readSubscription(
  clients: ClientsOf,
  subscriptionId: string,
): Promise<SubscriptionFacts | undefined> {
  const { subscriptions } = clients(subscriptionId).subscriptions;
  const found = await azureRead(`/subscriptions/${subscriptionId}`, () => subscriptions.get(subscriptionId));
  return found && { state: found.state ?? 'Unknown', tenantId: found.tenantId ?? 'Unknown' };
}

/** As {@link readSubscription}; one that the worker may not read has no facts. A worker that may not see it at all is refused later on. */
export async function lookAtSubscription(
  clients: ClientsOf,
  subscriptionId: string,
): Promise<{ facts?: SubscriptionFacts | undefined; unread: Unread[] }> {
  const look: Allowed<SubscriptionFacts | undefined> = await whereAllowed(() =>
    readSubscription(clients, subscriptionId),
  );
  const unread = unreadOf(look, `/subscriptions/${subscriptionId}`, 'the subscription', 'its state and its tenant');
  return { facts: seenOr(look, {}), unread };
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
export const listSubscriptions = (clients: ClientsOf): Promise<string[]> =>
  askedTogether(clients, 'subscriptions', async () => {
    const { subscriptions } = clients('').subscriptions;
    const seen = await azureCall('/subscriptions', () => collect(subscriptions.list()));
    return seen.map(({ subscriptionId }) => subscriptionId ?? '');
  });
