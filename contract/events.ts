import { z } from 'zod';
import { approvalGates, decisions, fleetDecisions, rolloutFleet, scenarios } from './names.ts';
import { phases } from './progress.ts';

/** The events that a run tells, with the CloudEvents type of each. */
export const eventTypes = {
  awaitingApproval: 'aks-isolation.run.awaitingApproval',
  waitingForOperator: 'aks-isolation.run.waitingForOperator',
  failed: 'aks-isolation.run.failed',
  rolledBack: 'aks-isolation.run.rolledBack',
  succeeded: 'aks-isolation.run.succeeded',
  drifted: 'aks-isolation.cluster.drifted',
  unproven: 'aks-isolation.cluster.unproven',
} as const;
export type EventName = keyof typeof eventTypes;
export const eventNames = Object.keys(eventTypes) as [EventName, ...EventName[]];

/** The meaning of each. `npm run fix` writes the table of docs/how-to/be-told.md. */
export const eventTexts: Readonly<Record<EventName, string>> = {
  awaitingApproval:
    'A run waits at a gate. `answers` has the command that lets it pass, `until` says when it fails by itself.',
  waitingForOperator:
    'A step failed and the run is held. `answers` has the commands, `byDefault` what happens at `until`.',
  failed:
    'A run failed, or was refused after a look at Azure. What it had changed is left or could not be taken back; `reason` says so.',
  rolledBack: 'A run failed or was cancelled, and took back what it had changed.',
  succeeded: 'A run has succeeded of which somebody was told that it waits.',
  drifted: 'An audit found that the cluster is not network isolated. `reason` has everything that has drifted.',
  unproven: 'An audit found no drift, and could not look at everything.',
};

/** Data of every event. Texts for people are without secrets. */
export const eventData = z
  .strictObject({
    scenario: z.enum([...scenarios, rolloutFleet]).describe('The scenario that runs.'),
    cluster: z.string().describe('Resource ID of the cluster; of a rollout fleet/ and its name.'),
    workflowId: z.string().describe('Workflow ID of the run.'),
    runId: z.string().describe('Run ID of the run.'),
    phase: z.enum(phases).describe('Where the run stands, as `progress` says it.'),
    reason: z.array(z.string()).describe('For people: why, the most important first.'),
    whatToDo: z.array(z.string()).describe('For people: advice about what failed.'),
    correlationIds: z.array(z.string()).describe("Find the requests that failed in Azure's activity log."),
    gates: z.array(z.enum(approvalGates)).exactOptional().describe('The gates at which the run waits.'),
    decisions: z
      .array(z.enum([...decisions, ...fleetDecisions]))
      .exactOptional()
      .describe('The answers that a held run takes.'),
    until: z.string().exactOptional().describe('When the wait ends by itself. ISO 8601, UTC.'),
    byDefault: z.enum(decisions).exactOptional().describe('What a held run does then. At a gate it fails.'),
    answers: z.array(z.string()).describe('The commands that answer, for a POSIX shell.'),
    startedBy: z.string().exactOptional().describe('Who started the run, as that client said. Nobody has checked it.'),
  })
  .describe('A run of a scenario waits for somebody, or has ended.');

/** ID of the JSON Schema of that data. */
export const eventSchemaId = 'urn:aks-isolation:event';

export type EventData = z.output<typeof eventData>;

/** An event as a run hands it to the activity that sends it, which knows the run's IDs. */
export interface RunEvent {
  name: EventName;
  /** Goes up with each event of a run. */
  sequence: number;
  /** ISO 8601, UTC. */
  time: string;
  data: Omit<EventData, 'workflowId' | 'runId'>;
}

/** How a worker with a webhook tells events. */
export interface WebhookRules {
  /** The events that it sends. */
  events: readonly EventName[];
  /** For how long the end of a run waits for the receiver. */
  patienceSeconds: number;
}
