import { patched, workflowInfo } from '@temporalio/workflow';
import type { AboutWorker } from '../contract/aboutWorker.ts';
import type { CreateClusterInput, ParsedCreateClusterInput } from '../contract/inputs/createCluster.ts';
import type { Check, ScenarioResult } from '../contract/result.ts';
import type { Discovered } from '../resources/discovery.ts';
import { resourceGroupId } from '../resources/ids.ts';
import { ownOperationRuns, runningOperations } from '../resources/infrastructure.ts';
import { isBusy } from '../resources/managedClusters.ts';
import { isGoing } from '../resources/subscriptions.ts';
import { azure } from './engine/azure.ts';
import { clusterMarks, runMarks } from './engine/marks.ts';
import { type Applied, type Apply, runScenario } from './engine/scenario.ts';
import { applyInfrastructure } from './infrastructure/apply.ts';
import { infrastructureChecks } from './infrastructure/checks.ts';
import { chooseNames } from './infrastructure/defaultNames.ts';
import { awaitOperations } from './infrastructure/runningOperations.ts';
import { applySecondMarks, borrowed, leavesSecondMarks } from './infrastructure/secondMarks.ts';
import { privateDnsOf } from './infrastructure/wanted.ts';
import { proveIsolation, provesIsolation, whenForbidden } from './isolation/proof.ts';
import { clusterChecks } from './newCluster/checks.ts';
import { madeByEarlierRun } from './newCluster/earlierRun.ts';
import { type CreateClusterPlan, dependenciesOf, discoveryRequest, planCreateCluster } from './newCluster/plan.ts';
import { applyRegistrations } from './registrations/apply.ts';

/**
 * Creates a network isolated cluster with everything it needs. Guide: "Deploy a network isolated cluster with AKS-managed
 * ACR" and "… with bring your own ACR".
 *
 * The workflow ID must be `clusterWorkflowId(input.cluster)`, unless it is a dry run.
 */
export async function createCluster(given: CreateClusterInput): Promise<ScenarioResult> {
  return runScenario('createCluster', given, { discover, plan, apply, verify });
}

async function discover(input: ParsedCreateClusterInput): Promise<Discovered & AboutWorker> {
  const seen = await discoverCluster(input);
  const request = dependenciesOf(input, seen, runId());
  if (!request || !patched(provesIsolation)) return seen;
  const dependencies = await azure.reading('Look at everything that isolation depends on').lookAtDependencies(request);
  return { ...seen, dependencies };
}

async function discoverCluster(input: ParsedCreateClusterInput): Promise<Discovered & AboutWorker> {
  const { cluster, dryRun } = input;
  const names = await chooseNames(input, input.location);
  const request = discoveryRequest(input, names);
  const look = async (): Promise<Discovered & AboutWorker> => ({
    ...(await azure.reading('Look at everything the scenario may touch').discover(request)),
    ...(names && { names }),
  });
  let seen = await look();
  if (dryRun) return seen;
  const groupGoes = isGoing(seen.resourceGroup);
  const othersRun = groupGoes || runningOperations(seen.infrastructure, request.infrastructure).length > 0;
  const marks = clusterMarks(input);
  if (ownOperationRuns(seen.infrastructure, marks) || (othersRun && patched('waits-for-operations-of-others'))) {
    const group = { subscriptionId: cluster.subscriptionId, name: cluster.resourceGroup };
    await awaitOperations({ ...request.infrastructure, ...(groupGoes && { group }) }, marks);
    seen = await look();
  }
  if (!seen.cluster || !isBusy(seen.cluster) || !madeByEarlierRun(input, seen.cluster)) return seen;
  await azure.operating('Wait for the operation that an earlier run began').awaitCluster(cluster);
  return look();
}

/** Marks carry the ID of the first run, which a reset keeps: the reset run then still owns what that one made. */
const runId = (): string => workflowInfo().firstExecutionRunId;

function plan(input: ParsedCreateClusterInput, seen: Discovered): CreateClusterPlan {
  const { cluster } = input;
  const { resourceGroup } = seen;
  const id = resourceGroupId(cluster.subscriptionId, cluster.resourceGroup);
  const group = resourceGroup && { id, marks: resourceGroup.tags };
  const others = borrowed(seen.infrastructure, clusterMarks(input), group);
  return planCreateCluster(input, seen, runId(), leavesSecondMarks(others) ? others : []);
}

function apply(
  input: ParsedCreateClusterInput,
  { registrations, specification, infrastructure, steps }: CreateClusterPlan,
  seen: Discovered,
  { step }: Apply,
): Applied {
  const { cluster, location, tags, registrationTimeoutMinutes, rolePropagationTimeoutMinutes } = input;
  const { subscriptionId, resourceGroup } = cluster;
  const group = { subscriptionId, name: resourceGroup };
  const marks = runMarks(input, runId());
  applyRegistrations(registrations, registrationTimeoutMinutes, step);
  step('resourceGroup', {
    act: () =>
      azure
        .writing(`Create resource group ${resourceGroup}`)
        .createResourceGroup({ ...group, location, tags: { ...tags, ...marks } }),
    undo: () =>
      azure
        .operating(`Delete resource group ${resourceGroup}`)
        .deleteResourceGroup({ ...group, marks, ofThisRun: true }),
    waitsFor: 'Azure',
  });
  applySecondMarks(steps, marks, step);
  const prerequisites = applyInfrastructure(infrastructure, marks, step);
  step('cluster', {
    act: async () => {
      const known = await prerequisites(rolePropagationTimeoutMinutes);
      return azure
        .operating(`Create cluster ${cluster.name}`)
        .createOrUpdateCluster(specification, { ...known, isNew: seen.cluster === undefined });
    },
    undo: () => azure.undoing(`Delete cluster ${cluster.name}`).deleteCluster({ cluster, marks, ofThisRun: true }),
    waitsFor: 'AKS, about ten minutes; longer while roles take effect',
  });
  return {};
}

async function verify(
  { cluster, profile, accept, probes, registry }: ParsedCreateClusterInput,
  { specification, infrastructure, infrastructureRequest }: CreateClusterPlan,
): Promise<Check[]> {
  const seen = await azure
    .verifying('Read everything back')
    .readBack({ cluster, infrastructure: infrastructureRequest });
  const asWanted = [
    ...clusterChecks(specification, seen),
    ...infrastructureChecks(infrastructure, seen.infrastructure),
  ];
  if (!patched(provesIsolation)) return asWanted;
  const proof = {
    accept,
    whenForbidden: whenForbidden(probes),
    isPatient: true,
    privateDnsZoneId: infrastructureRequest.privateDnsZoneId,
    privateDns: privateDnsOf(registry),
  };
  return [...asWanted, ...(await proveIsolation({ cluster, profile, ...proof }))];
}
