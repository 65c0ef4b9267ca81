import { ownFailure } from '../contract/failures.ts';
import { featureId, providerId } from '../resources/ids.ts';
import { recorded } from './arm/checkpoint.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureCall, azureRead } from './arm/errors.ts';
import { awaiting, type WaitBound } from './arm/waiting.ts';

/** A preview feature of AKS. */
export interface FeatureReference {
  subscriptionId: string;
  feature: string;
}

export interface ProviderReference {
  subscriptionId: string;
  namespace: string;
}

const aks = 'Microsoft.ContainerService';

/** Reads the state of a preview feature, as Azure spells it. `NotFound`: Azure no longer knows the feature. */
export async function readFeature(clients: ClientsOf, reference: FeatureReference): Promise<string> {
  const { subscriptionId, feature } = reference;
  const { features } = clients(subscriptionId).features;
  const found = await azureRead(featureId(subscriptionId, aks, feature), () => features.get(aks, feature));
  return found?.properties?.state ?? 'NotFound';
}

/** Reads the registration state of a resource provider, as Azure spells it. */
export async function readProvider(
  clients: ClientsOf,
  { subscriptionId, namespace }: ProviderReference,
): Promise<string> {
  const { providers } = clients(subscriptionId).resources;
  const found = await azureCall(providerId(subscriptionId, namespace), () => providers.get(namespace));
  return found.registrationState ?? 'NotRegistered';
}

/**
 * Feature flags and resource providers. Azure answers a request for registration at once and then takes minutes, or half a
 * day. One activity requests it. Another one fails with `NotYetRegistered` until Azure is done: Temporal's retry is the
 * wait, which thus leaves no trace in the workflow's history.
 */
export const registrationActivities = (clients: ClientsOf) => ({
  async registerFeature({ subscriptionId, feature }: FeatureReference): Promise<void> {
    const { features } = clients(subscriptionId).features;
    await recorded(() => azureCall(featureId(subscriptionId, aks, feature), () => features.register(aks, feature)));
  },

  async awaitFeature(reference: FeatureReference & WaitBound): Promise<void> {
    const { subscriptionId, feature } = reference;
    const id = featureId(subscriptionId, aks, feature);
    await awaiting(reference, async () => expectRegistered(await readFeature(clients, reference), id));
  },

  async registerProvider({ subscriptionId, namespace }: ProviderReference): Promise<void> {
    const { providers } = clients(subscriptionId).resources;
    await recorded(() => azureCall(providerId(subscriptionId, namespace), () => providers.register(namespace)));
  },

  async awaitProvider(reference: ProviderReference & WaitBound): Promise<void> {
    const { subscriptionId, namespace } = reference;
    const id = providerId(subscriptionId, namespace);
    await awaiting(reference, async () => expectRegistered(await readProvider(clients, reference), id));
  },
});

function expectRegistered(state: string, resourceId: string): void {
  if (state === 'Registered') return;
  const whatToDo =
    state === 'Pending'
      ? 'Azure reviews this request: ask Azure support, or use profile current.'
      : 'Wait, or cancel the workflow. Registrations have been seen to take 12 to 20 hours.';
  throw ownFailure('NotYetRegistered', `${state} (${resourceId})`, resourceId, { whatToDo, retryable: true });
}
