import type { temporal } from '@temporalio/proto';
import { activitiesIn, type TemporalCost, temporalCost } from '../cli/report/cost.ts';
import type { RecordedRequest } from '../simulator/index.ts';

export type History = temporal.api.history.v1.IHistory;

/** The costs of a run. */
export interface RunCost extends TemporalCost {
  /** Requests to Azure that only look; commands inside the cluster are among them. */
  reads: number;
  writes: number;
  /** Requests that were answered with 429. */
  throttled: number;
}

/** @param speed Simulated seconds in a real one: how much longer activities take at real speed. */
export function costOf(history: History, requests: readonly RecordedRequest[], speed: number): RunCost {
  const reads = requests.filter(isRead).length;
  return {
    ...temporalCost(history.events ?? [], speed),
    reads,
    writes: requests.length - reads,
    throttled: requests.filter(({ status }) => status === 429).length,
  };
}

/** When each activity ran. */
export const activitiesOf = ({ events }: History) => activitiesIn(events ?? []);

/** A command that looks inside of the cluster is a POST, and so is the question whether a name is free. */
export const isRead = ({ method, url }: RecordedRequest): boolean =>
  method === 'GET' || method === 'HEAD' || /\/(runCommand|checkNameAvailability)\?/i.test(url);
