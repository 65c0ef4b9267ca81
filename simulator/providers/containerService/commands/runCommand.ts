import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type ArmRequest, parseBody, type Reply } from '../../../arm/exchange.ts';
import { parseId } from '../../../arm/ids.ts';
import { valueAt } from '../../../arm/json.ts';
import type { OperationStyle } from '../../../arm/operations.ts';
import type { Resource } from '../../../arm/store.ts';
import type { World } from '../../../arm/world.ts';
import { aksError, invalidParameter } from '../errors.ts';
import { otherBucketOf } from '../limits.ts';
import { type KubernetesNode, nodesOf, takesPods } from '../nodes.ts';
import { refuseWhileStopped, seconds } from '../operations.ts';
import { admissionDenial } from '../pods.ts';
import { pullFailure } from '../pulls.ts';
import { type ClusterBody, clusterBody } from '../shapes.ts';
import { runShell } from './shell.ts';

const request = z.looseObject({
  command: z.string(),
  context: z.string().nullish(),
  clusterToken: z.string().nullish(),
});

/** Image of the pod in which AKS runs a command. */
const runtimeImage = 'mcr.microsoft.com/aks/command/runtime:master.latest';
/** AKS cuts logs at this length. */
const logLimit = 512 * 1024;
/** So long a command may take in any position of the switch `longCommands`. Modelled. */
const longSeconds = 300;

interface Outcome {
  readonly provisioningState: 'Succeeded' | 'Failed';
  readonly exitCode?: number;
  readonly logs?: string;
  readonly reason?: string;
}

/** POST …/runCommand: a pod in the cluster runs the command; its result is at …/commandResults/{id}. The cluster is not busy meanwhile. */
export function runCommand(armRequest: ArmRequest, resource: Resource): Reply {
  const { world } = armRequest;
  const { command, clusterToken } = parseBody(armRequest, request);
  const cluster = clusterBody.parse(resource.body);
  if (cluster.properties.apiServerAccessProfile?.disableRunCommand) {
    throw aksError(400, 'RunCommandDisabled', 'Run command is disabled on this managed cluster.');
  }
  refuseWhileStopped(cluster);
  if (command.trim() === '') {
    throw invalidParameter('command', 'it is empty.');
  }
  const isSignedIn = !!clusterToken || valueAt(cluster.properties, 'aadProfile.managed') !== true;
  if (world.settings.azure.commandToken === 'required' && !isSignedIn)
    throw invalidParameter('clusterToken', 'a cluster with Microsoft Entra ID needs it.');
  refuseCommandPod(world, cluster);
  let outcome: Outcome = { provisioningState: 'Failed', reason: 'the pod was deleted' };
  return {
    status: 202,
    seconds: 1,
    operation: {
      style: commandStyle(cluster.id, () => outcome),
      resourceId: resultsOf(cluster),
      verb: 'POST runCommand',
      location: cluster.location,
      seconds: seconds.runCommand,
      process(control) {
        control.after(seconds.runCommand, () => {
          const now = clusterBody.parse(resource.body);
          const host = hostOf(world, now);
          if (!host) {
            control.end('Succeeded');
            return;
          }
          const ran = runShell({ world, cluster: now, host }, command);
          const isCut = ran.seconds > longSeconds && world.settings.azure.longCommands === 'fail';
          outcome = isCut
            ? { provisioningState: 'Failed', reason: 'the command did not end in time' }
            : { provisioningState: 'Succeeded', exitCode: ran.exitCode, logs: ran.output.slice(0, logLimit) };
          control.after(isCut ? longSeconds : ran.seconds, () => control.end('Succeeded'));
        });
      },
      onEnd: () => undefined,
    },
  };
}

/** The node that runs the pod: one that takes it, hears of it and can pull its image. */
const hostOf = (world: World, cluster: ClusterBody): KubernetesNode | undefined => hostsOf(world, cluster).next().value;

/** One after the other, as they are asked for: to find out what a node can pull is half of the work of a command. */
function* hostsOf(world: World, cluster: ClusterBody): Generator<KubernetesNode, undefined> {
  // A cluster may have thousands of nodes, and those of a pool pull alike.
  const pulls = new Map<string, boolean>();
  const canPull = (node: KubernetesNode): boolean => {
    const key = [node.pool, node.subnetId, node.registryServer].join(' ');
    const known = pulls.get(key) ?? pullFailure(world, cluster, node, runtimeImage) === undefined;
    pulls.set(key, known);
    return known;
  };
  for (const node of nodesOf(world, cluster.id)) if (takesPods(node) && node.isHeard && canPull(node)) yield node;
}

/** How long the first pull of the image takes, where it is not on the node. Modelled. */
const firstPullSeconds = 60;

/** Whether the pod starts in time on one of these nodes. The first that comes to a cold node does not, and has it pull the image. */
function startsInTime(world: World, cluster: ClusterBody, hosts: Generator<KubernetesNode>): boolean {
  const { commandStart, commandsAtOnce } = world.settings.azure;
  const others = world.operations.inFlight().filter(({ resourceId }) => resourceId === resultsOf(cluster));
  if (commandsAtOnce === 'one' && others.length > 0) {
    world.clock.notYet('refused');
    return false;
  }
  if (commandStart === 'warm') return !hosts.next().done;
  const now = world.clock.now();
  const pulledAt = (node: KubernetesNode) => world.lastSigns.get(`command image ${node.machineId}`);
  const [warmest] = [...hosts].sort(
    (a, b) => (pulledAt(a)?.getTime() ?? Infinity) - (pulledAt(b)?.getTime() ?? Infinity),
  );
  if (!warmest) return false;
  const pulled = pulledAt(warmest) ?? new Date(now.getTime() + firstPullSeconds * 1000);
  world.lastSigns.set(`command image ${warmest.machineId}`, pulled);
  if (pulled <= now) return true;
  world.clock.notYet('refused', pulled.getTime());
  return false;
}

const resultsOf = ({ id }: ClusterBody): string => `${id}/commandResults`;

/**
 * AKS answers the request itself where the pod does not come up: it is not admitted, or does not start within 30 s, for no node
 * takes it, hears of it or gets its image. It tolerates no taints (Azure/azure-cli#25336).
 *
 * @see https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/resolve-az-aks-command-invoke-failures
 * @throws ArmError 400 KubernetesOperationError, 404 KubernetesPerformanceError
 */
function refuseCommandPod(world: World, cluster: ClusterBody): void {
  const name = `command-${randomUUID().replaceAll('-', '')}`;
  const pod = { namespace: 'aks-command', name, image: runtimeImage, labels: {}, hostPath: false };
  const denial = admissionDenial(world, cluster.id, pod);
  if (denial !== undefined)
    throw aksError(
      400,
      'KubernetesOperationError',
      `Failed to run command in managed cluster due to kubernetes failure. details: ${denial}`,
    );
  if (startsInTime(world, cluster, hostsOf(world, cluster))) return;
  const { commandFailure: code } = world.settings.azure;
  throw aksError(
    code === 'KubernetesPerformanceError' ? 404 : 400,
    code,
    `Failed to run command due to cluster perf issue, container ${name} in aks-command namespace did not start within ${seconds.commandStart}s on your cluster, retry may helps. If issue persist, you may need to tune your cluster with better performance (larger node/paid tier).`,
    '',
    seconds.commandStart,
  );
}

function commandStyle(clusterId: string, outcome: () => Outcome): OperationStyle {
  return {
    headers: 'location',
    // Source: Azure REST API, "Managed Clusters - Get Command Result", sample response (2024-09-01).
    unsigned: true,
    resultPath: ({ id }) => `${clusterId}/commandResults/${id.replaceAll('-', '')}`,
    result: ({ id, startTime, endTime }) => ({
      status: 200,
      body: {
        id: id.replaceAll('-', ''),
        properties: { startedAt: startTime.toISOString(), finishedAt: endTime?.toISOString(), ...outcome() },
      },
    }),
    retryAfter: () => 1,
    contentType: 'application/json',
    bucket: () => otherBucketOf(parseId(clusterId).subscriptionId),
  };
}
