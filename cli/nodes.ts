import type { Client } from '@temporalio/client';
import { z } from 'zod';
import type { ScenarioHandle } from '../client/index.ts';
import { decoded, looking } from '../client/payloads.ts';
import type { Progress } from '../contract/index.ts';
import type { NodesDone } from './text/progress.ts';

/** The heartbeat of a reimage. */
const heartbeat = z.object({ nodesDone: z.number(), nodesTotal: z.number(), node: z.string().optional() });

/** How many nodes of each pool are reimaged, by the ID of the pool's step, as the activities' heartbeats say. */
export async function nodesOf(
  client: Client,
  { workflowId, runId }: Pick<ScenarioHandle, 'workflowId' | 'runId'>,
  { steps }: Progress,
): Promise<Map<string, NodesDone>> {
  const running = steps.filter(({ kind, state }) => kind === 'reimage' && state === 'running');
  const nodes = new Map<string, NodesDone>();
  if (running.length === 0) return nodes;
  const { raw } = await looking(client).getHandle(workflowId, runId).describe();
  for (const { heartbeatDetails } of raw.pendingActivities ?? []) {
    const { data } = heartbeat.safeParse((await decoded(client, heartbeatDetails?.payloads))[0]);
    if (!data) continue;
    const { node, nodesDone, nodesTotal } = data;
    const pools = running.filter(({ id }) => running.length === 1 || isNodeOf(node, id.slice('reimage:'.length)));
    for (const { id } of pools) nodes.set(id, { nodesDone, nodesTotal });
  }
  return nodes;
}

/** AKS names nodes `aks-<pool>-<digits>-vmss<number>`. */
const isNodeOf = (node: string | undefined, pool: string): boolean => node?.startsWith(`aks-${pool}-`) ?? false;
