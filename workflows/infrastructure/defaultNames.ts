import { patched } from '@temporalio/workflow';
import type { RegistryInput } from '../../contract/inputs/infrastructure.ts';
import {
  type DefaultNames,
  formerRegistryName,
  nodeResourceGroupName,
  registryName,
} from '../../resources/derivedNames.ts';
import type { ClusterReference } from '../../resources/ids.ts';
import { azure } from '../engine/azure.ts';
import { clusterMarks } from '../engine/marks.ts';
import { inGroupOf } from './wanted.ts';

/** Patch: version 0.1 formed names otherwise, which could be the same for two clusters. */
const tellsNamesApart = 'names-tell-clusters-apart';

/**
 * The names where the input gives none. A registry that is there under its former name is this cluster's, unless it carries
 * another one's marks. `undefined`: a run that version 0.1 began goes on with the former names.
 */
export async function chooseNames(
  input: { cluster: ClusterReference; registry?: RegistryInput },
  location: string,
): Promise<DefaultNames | undefined> {
  const { cluster, registry } = input;
  if (!patched(tellsNamesApart)) return undefined;
  const names = { registry: registryName(cluster), nodeResourceGroup: nodeResourceGroupName(cluster, location) };
  const former = formerRegistryName(cluster);
  const isDefault = registry?.mode === 'bringYourOwn' && !registry.name && !registry.containerRegistryId;
  if (!isDefault || former === names.registry) return names;
  const { id } = inGroupOf(cluster)('Microsoft.ContainerRegistry/registries', former, 'registry.name');
  const isThere = await azure
    .reading('Look for a registry under its former name')
    .isRegistryOf({ id, marks: clusterMarks({ cluster }), input });
  return isThere ? { ...names, registry: former } : names;
}
