import type { ParsedDeleteClusterInput } from '../../contract/inputs/deleteCluster.ts';
import type { Problem } from '../../contract/problem.ts';
import type { DeletionFacts } from '../../resources/discovery.ts';
import { clusterId, isEndpointInterface, parentId, parseResourceId, sameResourceId } from '../../resources/ids.ts';
import { carriesMarks } from '../../resources/marks.ts';
import { clusterMarks } from '../engine/marks.ts';
import { kindOf, type PlannedRemoval } from './kinds.ts';

/** Reports what would hinder the deletion, or would be deleted without being asked for. */
export const removalProblems = (
  input: ParsedDeleteClusterInput,
  seen: DeletionFacts,
  around: readonly PlannedRemoval[],
): Problem[] => [
  ...unseenProblems(input, seen),
  ...groupProblems(input, seen, around),
  ...endpointProblems(seen, around),
  ...zoneProblems(input, seen, around),
];

const isDeleted = ({ step }: PlannedRemoval): boolean => step.action === 'delete';

/** A cluster may go whatever else there is. What was made for it goes only where somebody has looked. */
function unseenProblems({ alsoDelete }: ParsedDeleteClusterInput, { unseen = {} }: DeletionFacts): Problem[] {
  const problem = (what: string, why: string | undefined): Problem[] =>
    why === undefined
      ? []
      : [
          {
            where: 'alsoDelete',
            problem: `the worker may not read ${what}: ${why}`,
            whatToDo: "Give the worker's identity the role Reader there, or leave alsoDelete out.",
          },
        ];
  return [
    ...(alsoDelete.length > 0 ? problem('what was made for the cluster', unseen.made) : []),
    ...(alsoDelete.includes('resourceGroup') ? problem('what is in the resource group', unseen.content) : []),
  ];
}

/** A resource group goes only if everything in it goes. */
function groupProblems(
  input: ParsedDeleteClusterInput,
  { resourceGroup, content }: DeletionFacts,
  around: readonly PlannedRemoval[],
): Problem[] {
  const isOurs = resourceGroup && carriesMarks(resourceGroup.tags, clusterMarks(input));
  if (!isOurs || !input.alsoDelete.includes('resourceGroup')) return [];
  const gone = [clusterId(input.cluster), ...around.filter(isDeleted).map(({ removal }) => removal.id)];
  const goes = (id: string) => gone.some((other) => sameResourceId(id, other) || sameResourceId(parentOf(id), other));
  const stays = content.filter((id) => !goes(id) && !isEndpointInterface(id));
  if (stays.length === 0) return [];
  return [
    {
      where: 'alsoDelete',
      problem: `the resource group holds what would stay: ${stays.join(', ')}`,
      whatToDo: 'Leave resourceGroup out, add the parts, or remove these resources first.',
    },
  ];
}

const parentOf = (id: string): string => ((parseResourceId(id)?.parents.length ?? 0) > 0 ? parentId(id) : '');

/** Azure does not delete a network while an endpoint is in it. */
function endpointProblems({ owned }: DeletionFacts, around: readonly PlannedRemoval[]): Problem[] {
  const networkGoes = around.some((each) => each.removal.kind === 'virtualNetwork' && isDeleted(each));
  const endpoints = around.filter(({ removal }) => removal.kind === 'privateEndpoint' && owned.includes(removal.id));
  const stay = endpoints.filter((each) => !isDeleted(each));
  if (!networkGoes || stay.length === 0) return [];
  const ids = stay.map(({ removal }) => removal.id).join(', ');
  return [
    {
      where: 'alsoDelete',
      problem: `the virtual network cannot go while an endpoint in it stays: ${ids}`,
      whatToDo: 'Add privateEndpoint, or leave virtualNetwork out.',
    },
  ];
}

/** A zone in another subscription cannot be found by its tags. */
function zoneProblems(
  { alsoDelete }: ParsedDeleteClusterInput,
  { used }: DeletionFacts,
  around: readonly PlannedRemoval[],
): Problem[] {
  const ownRegistry = used.some((id) => kindOf(id) === 'registry');
  const found = around.some(({ removal }) => removal.kind === 'privateDnsZone');
  if (!alsoDelete.includes('privateDnsZone') || !ownRegistry || found) return [];
  return [
    {
      where: 'privateDnsZoneId',
      problem: 'no zone with records or a link of this cluster was found',
      whatToDo: 'Give the zone if it is in another subscription, or leave privateDnsZone out of alsoDelete.',
    },
  ];
}
