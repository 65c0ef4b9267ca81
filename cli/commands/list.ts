import type { WorkflowExecutionInfo } from '@temporalio/client';
import Table from 'cli-table3';
import { looking } from '../../client/payloads.ts';
import { rolloutFleet, type Scenario, scenarios, searchAttributes } from '../../contract/index.ts';
import type { CommandContext } from '../commandContext.ts';
import { type ExitCode, exitCodes } from '../exitCodes.ts';
import { Session, type SessionOptions } from '../session.ts';
import { watchCommand } from '../text/commands.ts';
import { durationText } from '../text/duration.ts';
import { allPrintable } from '../text/printable.ts';
import { type ListFilter, listQuery } from '../text/query.ts';

export interface ListOptions extends SessionOptions, ListFilter {
  limit: number;
}

/** A run as the list shows it. */
interface ListedRun {
  workflowId: string;
  runId: string;
  scenario: Scenario | string;
  cluster?: string;
  resourceGroup?: string;
  /** As Azure writes states, for example `WaitingForOperator`. */
  phase?: string;
  isolation?: string;
  /** Name of the rollout that it is part of. */
  fleet?: string;
  /** Temporal's, for example `RUNNING` or `TERMINATED`. */
  status: string;
  startedAt: string;
  endedAt?: string;
}

/** Lists runs, the newest first, by what they have said in their search attributes. */
export async function list(
  context: CommandContext,
  { limit, output, taskQueue, ...filter }: ListOptions,
): Promise<ExitCode> {
  const { aks, terminal } = await Session.open(context, { output, ...(taskQueue !== undefined && { taskQueue }) });
  const runs: ListedRun[] = [];
  for await (const info of looking(aks.temporal).list({ query: listQuery(filter), pageSize: limit })) {
    runs.push(listed(info));
    if (runs.length === limit) break;
  }
  terminal.data(runs);
  if (!terminal.isJson) terminal.say(runs.length === 0 ? 'No runs.' : tableOf(allPrintable(runs)));
  return exitCodes.ok;
}

function listed({
  workflowId,
  runId,
  type,
  status,
  startTime,
  closeTime,
  typedSearchAttributes,
}: WorkflowExecutionInfo): ListedRun {
  const attribute = (key: keyof typeof searchAttributes) => typedSearchAttributes.get(searchAttributes[key]);
  const told = {
    cluster: attribute('cluster'),
    resourceGroup: attribute('resourceGroup'),
    phase: attribute('phase'),
    isolation: attribute('isolation'),
    fleet: attribute('fleet'),
  };
  return {
    workflowId,
    runId,
    scenario: scenarios.find((name) => name === type) ?? type,
    ...Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined)),
    status: status.name,
    startedAt: startTime.toISOString(),
    ...(closeTime && { endedAt: closeTime.toISOString() }),
  };
}

function tableOf(runs: readonly ListedRun[]): string {
  const table = new Table({
    head: ['CLUSTER', 'GROUP', 'SCENARIO', 'PHASE', 'STARTED', 'TOOK', 'WORKFLOW ID'],
    chars: noLines,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  for (const run of runs) table.push(rowOf(run));
  const waiting = runs.filter(({ phase, status }) => status === 'RUNNING' && phase !== undefined && waits.has(phase));
  return [
    table.toString(),
    ...(waiting.length > 0 ? ['', 'These wait for somebody; this shows for what, with the command to paste:'] : []),
    ...waiting.map(({ workflowId, runId }) => `  ${watchCommand(workflowId, runId)}`),
  ].join('\n');
}

const waits: ReadonlySet<string> = new Set(['WaitingForOperator', 'AwaitingApproval', 'Paused']);

function rowOf({
  fleet,
  cluster = '',
  resourceGroup = '',
  scenario,
  isolation,
  startedAt,
  endedAt,
  workflowId,
  ...run
}: ListedRun): string[] {
  const took = Date.parse(endedAt ?? new Date().toISOString()) - Date.parse(startedAt);
  return [
    scenario === rolloutFleet ? `(${fleet})` : cluster,
    resourceGroup,
    scenario,
    isolation ?? phaseOf(run),
    `${startedAt.slice(0, 19)}Z`,
    durationText(took),
    workflowId,
  ];
}

/** A terminated run says for ever where it was. */
function phaseOf({ phase, status }: Pick<ListedRun, 'phase' | 'status'>): string {
  const isOver = status === 'TERMINATED' || status === 'CANCELLED' || status === 'TIMED_OUT';
  return phase === undefined || isOver ? status.charAt(0) + status.slice(1).toLowerCase() : phase;
}

const noLines = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((name) => [name, '']),
);
