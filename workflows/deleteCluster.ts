import type { AboutWorker } from '../contract/aboutWorker.ts';
import type { DeleteClusterInput, ParsedDeleteClusterInput } from '../contract/inputs/deleteCluster.ts';
import type { Check, ScenarioResult } from '../contract/result.ts';
import type { DeletionFacts } from '../resources/discovery.ts';
import { azure } from './engine/azure.ts';
import { check } from './engine/check.ts';
import { applyApproval } from './engine/gates.ts';
import { clusterMarks } from './engine/marks.ts';
import { type Applied, type Apply, runScenario } from './engine/scenario.ts';
import { remove } from './removal/apply.ts';
import { type DeleteClusterPlan, deletionRequest, planDeleteCluster } from './removal/plan.ts';

/**
 * Deletes a cluster and what AKS made for it. Resources of one's own go if they were made for it and are asked for.
 *
 * The workflow ID must be `clusterWorkflowId(input.cluster)`, unless it is a dry run.
 */
export async function deleteCluster(given: DeleteClusterInput): Promise<ScenarioResult> {
  return runScenario('deleteCluster', given, { discover, plan: planDeleteCluster, apply, verify });
}

function discover(input: ParsedDeleteClusterInput): Promise<DeletionFacts & AboutWorker> {
  return azure.reading('Look at the cluster and what was made for it').discoverDeletion(deletionRequest(input));
}

function apply(
  input: ParsedDeleteClusterInput,
  plan: DeleteClusterPlan,
  _seen: DeletionFacts,
  { step, operator }: Apply,
): Applied {
  const { removals, roles, steps } = plan;
  const { cluster } = input;
  const { subscriptionId, resourceGroup } = cluster;
  const marks = clusterMarks(input);
  applyApproval('delete', { input, plan, step, operator });
  step('cluster', {
    // The operator has named it: it goes, no matter who made it.
    act: () => azure.operating(`Delete cluster ${cluster.name}`).deleteCluster({ cluster, marks: {} }),
    waitsFor: 'AKS, about four minutes',
  });
  for (const { step: id, principalId, subscriptionIds } of roles) {
    step(id, {
      act: () =>
        Promise.all(
          subscriptionIds.map((subscription) =>
            azure.writing('Take roles away').unassignRolesOf({ subscriptionId: subscription, principalId, marks }),
          ),
        ),
      waitsFor: 'Azure',
    });
  }
  for (const { id, kind, title, resourceId } of steps) {
    if (kind !== 'secondMark') continue;
    step(id, { act: () => azure.writing(title).removeSecondMark({ id: resourceId, marks }), waitsFor: 'Azure' });
  }
  for (const removal of removals) step(removal.step, { act: () => remove(removal, marks), waitsFor: 'Azure' });
  step('resourceGroup', {
    act: () =>
      azure
        .operating(`Delete resource group ${resourceGroup}`)
        .deleteResourceGroup({ subscriptionId, name: resourceGroup, marks }),
    waitsFor: 'Azure',
  });
  return {};
}

async function verify(_input: ParsedDeleteClusterInput, { gone, steps }: DeleteClusterPlan): Promise<Check[]> {
  const remaining = await azure.verifying('Check that it is gone').readRemaining(gone);
  // The node resource group is AKS's to delete.
  const isOurs = (id: string) => steps.some(({ action, resourceId }) => action === 'delete' && resourceId === id);
  return gone.map((id) => {
    const name = id.split('/').at(-1) ?? id;
    const left = isOurs(id)
      ? 'present'
      : `present: AKS has left it; look at what is in it, then delete it (\`az group delete --name ${name}\`)`;
    return check(id, `${name} is gone`, id, 'absent', remaining.includes(id) ? left : 'absent');
  });
}
