import { rolloutFleet, type Scenario, scenarios, searchAttributes } from '../../contract/index.ts';

/** A search in the list of runs. */
export interface ListFilter {
  scenario?: Scenario | typeof rolloutFleet;
  cluster?: string;
  resourceGroup?: string;
  /** Only what is part of the rollout of this name. */
  fleet?: string;
  phase?: string;
  /** Only runs that have not ended. */
  running?: boolean;
  /** Only runs that wait for somebody. */
  waiting?: boolean;
  /** Dry runs as well. */
  plans?: boolean;
}

/** The query for Temporal's list of workflows. */
export function listQuery({
  scenario,
  cluster,
  resourceGroup,
  fleet,
  phase,
  running,
  waiting,
  plans,
}: ListFilter): string {
  const { phase: phaseKey, cluster: clusterKey, resourceGroup: groupKey, fleet: fleetKey } = searchAttributes;
  return [
    `WorkflowType IN (${(scenario ? [scenario] : [...scenarios, rolloutFleet]).map(text).join(', ')})`,
    cluster !== undefined && `${clusterKey.name} = ${text(cluster.toLowerCase())}`,
    resourceGroup !== undefined && `${groupKey.name} = ${text(resourceGroup.toLowerCase())}`,
    fleet !== undefined && `${fleetKey.name} = ${text(fleet.toLowerCase())}`,
    phase !== undefined && `${phaseKey.name} = ${text(phase.charAt(0).toUpperCase() + phase.slice(1))}`,
    !plans && phase === undefined && `(${phaseKey.name} IS NULL OR ${phaseKey.name} != 'Planned')`,
    // A terminated run keeps the phase in which it was.
    (running || waiting) && `ExecutionStatus = 'Running'`,
    waiting && `${phaseKey.name} IN ('WaitingForOperator', 'AwaitingApproval', 'Paused')`,
  ]
    .filter((part) => typeof part === 'string')
    .join(' AND ');
}

/** As Temporal's queries spell texts. */
const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
