import { endingOf } from '../ending.ts';
import type { ExitCode } from '../exitCodes.ts';
import { readInput } from '../input.ts';
import { Session } from '../session.ts';
import { UserError } from '../userError.ts';
import { type InputOptions, shown } from './plan.ts';
import { workflowIdOf } from './runs.ts';

export interface AuditOptions extends InputOptions {
  cluster?: string;
}

/** Looks whether a cluster is isolated. Changes nothing; the verdict is the exit code. */
export async function audit(
  file: string | undefined,
  { scenario: _scenario, cluster, ...options }: AuditOptions,
): Promise<ExitCode> {
  const input = await auditInput(file, cluster);
  const session = await Session.open(options);
  const run = await session.aks.start('auditCluster', input);
  session.waitsOn(session.aks.lookQueue);
  return shown(session, await session.patiently(endingOf(run)));
}

async function auditInput(file: string | undefined, cluster: string | undefined): Promise<Record<string, unknown>> {
  if (file === undefined && cluster === undefined)
    throw new UserError('Which cluster? Give an input file, or --cluster.');
  const { input } = file === undefined ? { input: {} } : await readInput(file, 'auditCluster');
  return cluster === undefined ? input : { ...input, cluster: clusterOf(cluster) };
}

/** A cluster by its resource ID, or by its scenarios' workflow ID. */
function clusterOf(target: string): { subscriptionId: string; resourceGroup: string; name: string } {
  const [, subscriptionId, resourceGroup, name] = /^aks\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(workflowIdOf(target)) ?? [];
  if (subscriptionId && resourceGroup && name) return { subscriptionId, resourceGroup, name };
  throw new UserError(
    `${target} is not the resource ID of a cluster. Use the one that \`az aks show --query id\` prints.`,
  );
}
