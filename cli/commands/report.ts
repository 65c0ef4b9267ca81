import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isGrpcServiceError } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { decoded, decrypted } from '../../client/payloads.ts';
import type { CommandContext } from '../commandContext.ts';
import { type ExitCode, exitCodes } from '../exitCodes.ts';
import { documentOf, jsonText, titleOf } from '../report/document.ts';
import { type Evidence, evidenceOf } from '../report/evidence.ts';
import { recordOf } from '../report/history.ts';
import { htmlPage } from '../report/html.ts';
import { markdown } from '../report/markdown.ts';
import { Session } from '../session.ts';
import { UserError } from '../userError.ts';
import { type RunOptions, runOf, workflowIdOf } from './runs.ts';

export interface ReportOptions extends RunOptions {
  folder: string;
  portal: string;
}

/** Writes the evidence of a run as Markdown, JSON and HTML. It needs the run's history, and no worker. */
export async function report(
  context: CommandContext,
  target: string,
  { runId, folder, portal, ...options }: ReportOptions,
): Promise<ExitCode> {
  const session = await Session.open(context, options);
  const { aks, terminal } = session;
  const workflowId = workflowIdOf(target);
  const { events } = await historyOf(session, workflowId, runId);
  const record = await recordOf(
    events ?? [],
    (payloads) => decoded(aks.temporal, payloads),
    (payloads) => decrypted(aks.temporal, payloads),
  );
  const evidence = evidenceOf(record);
  const files = await written(evidence, folder, portal);
  terminal.say([`${titleOf(evidence)}: ${evidence.outcome}`, ...files.map((file) => `  ${file}`)].join('\n'));
  terminal.data({ workflowId, runId: evidence.runId, outcome: evidence.outcome, files });
  return exitCodes.ok;
}

/** Status of gRPC. */
const notFound = 5;

/**
 * The history of a run. By its run ID Temporal finds it in the namespace's archive too, where nothing else of a run is left once the
 * retention has passed. Source: https://docs.temporal.io/self-hosted-guide/archival, read 2026-11-28.
 */
async function historyOf(
  session: Session,
  workflowId: string,
  runId: string | undefined,
): Promise<temporal.api.history.v1.IHistory> {
  const historyWith = (id: string | undefined) =>
    session.aks.temporal.workflow.getHandle(workflowId, id).fetchHistory();
  if (runId !== undefined) {
    try {
      return await historyWith(runId);
    } catch (error) {
      if (!isGrpcServiceError(error) || error.code !== notFound) throw error;
    }
  }
  const { run } = await runOf(session, workflowId, runId);
  return historyWith(run.runId);
}

async function written(evidence: Evidence, folder: string, portal: string): Promise<string[]> {
  const title = titleOf(evidence);
  const blocks = documentOf(evidence, portal);
  // Names of clusters come from inputs that nobody may have checked.
  const name = `${title.replaceAll(/[^\w.]+/g, '-')}-${evidence.runId.replaceAll(/[^\w-]/g, '')}`;
  const contents = {
    html: htmlPage(title, blocks),
    md: markdown(title, blocks),
    json: `${jsonText(evidence)}\n`,
  };
  try {
    await mkdir(folder, { recursive: true });
    return await Promise.all(
      Object.entries(contents).map(async ([ending, content]) => {
        const file = join(folder, `${name}.${ending}`);
        await writeFile(file, content);
        return file;
      }),
    );
  } catch (error) {
    throw new UserError(`Cannot write to ${folder}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
