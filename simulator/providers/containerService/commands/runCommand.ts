import { z } from 'zod';
import { type ArmRequest, parseBody, type Reply } from '../../../arm/exchange.ts';
import type { OperationStyle } from '../../../arm/operations.ts';
import type { Resource } from '../../../arm/store.ts';
import { aksError, invalidParameter } from '../errors.ts';
import { nodesOf } from '../nodes.ts';
import { refuseWhileStopped, seconds } from '../operations.ts';
import { pullFailure } from '../pulls.ts';
import { clusterBody } from '../shapes.ts';
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

interface Outcome {
  readonly provisioningState: 'Succeeded' | 'Failed';
  readonly exitCode?: number;
  readonly logs?: string;
  readonly reason?: string;
}

/** POST …/runCommand: a pod in the cluster runs the command; its result is at …/commandResults/{id}. The cluster is not busy meanwhile. */
export function runCommand(armRequest: ArmRequest, resource: Resource): Reply {
  const { world } = armRequest;
  const { command } = parseBody(armRequest, request);
  const cluster = clusterBody.parse(resource.body);
  if (cluster.properties.apiServerAccessProfile?.disableRunCommand) {
    throw aksError(400, 'RunCommandDisabled', 'Run command is disabled on this managed cluster.');
  }
  refuseWhileStopped(cluster);
  if (command.trim() === '') {
    throw invalidParameter('command', 'it is empty.');
  }
  const startedAt = world.clock.now().toISOString();
  let outcome: Outcome = { provisioningState: 'Failed', reason: 'the pod was deleted' };
  return {
    status: 202,
    seconds: 1,
    operation: {
      style: commandStyle(cluster.id, () => ({ startedAt, finishedAt: world.clock.now().toISOString(), ...outcome })),
      resourceId: `${cluster.id}/commandResults`,
      verb: 'POST runCommand',
      location: cluster.location,
      seconds: seconds.runCommand,
      process(control) {
        control.after(seconds.runCommand, () => {
          const now = clusterBody.parse(resource.body);
          const nodes = nodesOf(world, cluster.id).filter(({ ready, unschedulable }) => ready && !unschedulable);
          const host = nodes.find((node) => pullFailure(world, now, node, runtimeImage) === undefined);
          const [first] = nodes;
          if (!host) {
            const why = first ? pullFailure(world, now, first, runtimeImage) : 'no node takes pods';
            outcome = {
              provisioningState: 'Failed',
              reason: `pod failed to start: ImagePullBackOff ${runtimeImage}: ${why}`,
            };
            control.after(seconds.imagePullTimeout, () => control.end('Succeeded'));
            return;
          }
          const { exitCode, output, seconds: took } = runShell({ world, cluster: now, host }, command);
          outcome = { provisioningState: 'Succeeded', exitCode, logs: output.slice(0, logLimit) };
          control.after(took, () => control.end('Succeeded'));
        });
      },
      onEnd: () => undefined,
    },
  };
}

function commandStyle(clusterId: string, properties: () => Record<string, unknown>): OperationStyle {
  return {
    headers: 'location',
    resultPath: ({ id }) => `${clusterId}/commandResults/${id.replaceAll('-', '')}`,
    result: ({ id }) => ({ status: 200, body: { id: id.replaceAll('-', ''), properties: properties() } }),
    retryAfter: () => 1,
    contentType: 'application/json',
  };
}
