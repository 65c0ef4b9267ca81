import type { KubernetesVersionFacts } from '../resources/kubernetesVersions.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureReadIfRegistered } from './arm/errors.ts';

/** Reads the Kubernetes versions that AKS offers in a region. */
export async function readKubernetesVersions(
  clients: ClientsOf,
  subscriptionId: string,
  location: string,
): Promise<KubernetesVersionFacts[]> {
  const { managedClusters } = clients(subscriptionId).containerService;
  const id = `/subscriptions/${subscriptionId}/providers/Microsoft.ContainerService/locations/${location}`;
  const found = await azureReadIfRegistered(id, () => managedClusters.listKubernetesVersions(location));
  return (found?.values ?? []).map(
    ({ version = '', isDefault = false, isPreview = false, patchVersions = {}, capabilities }) => ({
      version,
      isDefault,
      isPreview,
      patchVersions: Object.keys(patchVersions),
      supportPlans: capabilities?.supportPlan ?? [],
    }),
  );
}
