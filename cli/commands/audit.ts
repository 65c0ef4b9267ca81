import type { CommandContext } from '../commandContext.ts';
import { endingOf } from '../ending.ts';
import type { ExitCode } from '../exitCodes.ts';
import { readInput } from '../input.ts';
import { Session } from '../session.ts';
import { UserError } from '../userError.ts';
import { type InputOptions, shown } from './plan.ts';
import { clusterOf } from './runs.ts';

export interface AuditOptions extends InputOptions {
  cluster?: string;
}

/** Looks whether a cluster is isolated. Changes nothing; the verdict is the exit code. */
export async function audit(
  context: CommandContext,
  file: string | undefined,
  { scenario: _scenario, cluster, ...options }: AuditOptions,
): Promise<ExitCode> {
  const input = await auditInput(context, file, cluster);
  const session = await Session.open(context, options);
  const run = await session.aks.start('auditCluster', input);
  session.waitsOn(session.aks.lookQueue);
  return shown(session, await session.patiently(() => endingOf(run)));
}

async function auditInput(
  context: CommandContext,
  file: string | undefined,
  cluster: string | undefined,
): Promise<Record<string, unknown>> {
  if (file === undefined && cluster === undefined)
    throw new UserError('Which cluster? Give an input file, or --cluster.');
  const { input } = file === undefined ? { input: {} } : await readInput(context, file, 'auditCluster');
  return cluster === undefined ? input : { ...input, cluster: clusterOf(cluster) };
}
