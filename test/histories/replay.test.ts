import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { type Replayer, startReplayer } from '../support/harness.ts';

const payloads = z.object({ payloads: z.array(z.object({ data: z.string() })) });
const eventSchema = z.looseObject({
  workflowExecutionStartedEventAttributes: z.looseObject({ workflowId: z.string() }).optional(),
  workflowExecutionCompletedEventAttributes: z.looseObject({ result: payloads }).optional(),
  workflowExecutionFailedEventAttributes: z
    .looseObject({ failure: z.looseObject({ applicationFailureInfo: z.looseObject({ type: z.string() }) }) })
    .optional(),
  workflowExecutionCanceledEventAttributes: z.looseObject({}).optional(),
  workflowExecutionContinuedAsNewEventAttributes: z.looseObject({}).optional(),
  workflowTaskFailedEventAttributes: z.looseObject({ cause: z.string() }).optional(),
  activityTaskScheduledEventAttributes: z.looseObject({ activityType: z.object({ name: z.string() }) }).optional(),
  startChildWorkflowExecutionInitiatedEventAttributes: z
    .looseObject({ workflowType: z.object({ name: z.string() }) })
    .optional(),
  upsertWorkflowSearchAttributesEventAttributes: z
    .looseObject({ searchAttributes: z.object({ indexedFields: z.record(z.string(), z.object({ data: z.string() })) }) })
    .optional(),
});
type Event = z.infer<typeof eventSchema>;
interface RecordedHistory {
  events: Event[];
}

/** How a run has ended, or the phase in which it waits, by the last word of its file's name. */
const outcomes: Readonly<Record<string, { ends: string } | { waits: string }>> = {
  verified: { ends: 'verified' },
  recovered: { ends: 'verified' },
  retried: { ends: 'verified' },
  approved: { ends: 'verified' },
  resumed: { ends: 'verified' },
  reset: { ends: 'verified' },
  continued: { ends: 'continuedAsNew' },
  stopped: { ends: 'FleetStopped' },
  failed: { ends: 'StepFailed' },
  approvalTimedOut: { ends: 'StepFailed' },
  cancelled: { ends: 'cancelled' },
  held: { waits: 'WaitingForOperator' },
  gated: { waits: 'AwaitingApproval' },
  paused: { waits: 'Paused' },
  registering: { waits: 'Applying' },
};

const versions = readdirSync(import.meta.dirname, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

let replayer: Replayer;
beforeAll(() => {
  replayer = startReplayer();
});
afterAll(() => replayer.close());

describe.each(versions)('runs that version %s began', (version) => {
  const files = readdirSync(join(import.meta.dirname, version));
  const read = (file: string): RecordedHistory =>
    z
      .object({ events: z.array(eventSchema) })
      .parse(JSON.parse(readFileSync(join(import.meta.dirname, version, file), 'utf8')));

  it('have every outcome, and wait for everything that a run can wait for', () => {
    expect(new Set(files.map(outcomeOf))).toEqual(new Set(Object.keys(outcomes)));
  });

  it.each(files)('ended, or wait, as their file says: %s', (file) => {
    const { events } = read(file);
    const outcome = outcomes[outcomeOf(file)];
    expect(outcome && 'ends' in outcome ? endOf(events) : { waits: phaseOf(events) }).toEqual(
      outcome && 'ends' in outcome ? outcome.ends : outcome,
    );
    expect(endOf(events) === undefined).toBe(outcome !== undefined && 'waits' in outcome);
  });

  it('have one that was reset', () => {
    const causes = files.flatMap((file) => read(file).events.map((event) => event.workflowTaskFailedEventAttributes));
    expect(causes.map((failed) => failed?.cause)).toContain('WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW');
  });

  it.each(files)('go on with this one: %s', async (file) => {
    const history = read(file);
    await replayer.replay(history, workflowIdOf(history));
  });

  it.each(files)('would not go on if two steps had changed places, or were others: %s', async (file) => {
    const swapped = asOtherCodeWouldHaveMadeIt(read(file));
    await expect(replayer.replay(swapped, workflowIdOf(swapped))).rejects.toThrow(/TMPRL1100/);
  });
});

const outcomeOf = (file: string): string => file.replace(/\.json$/, '').replace(/^.*-/, '');

const workflowIdOf = ({ events }: RecordedHistory): string =>
  events[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? '';

/** `undefined` where the run is open. */
function endOf(events: readonly Event[]): string | undefined {
  const last = events.at(-1);
  if (last?.workflowExecutionCanceledEventAttributes) return 'cancelled';
  if (last?.workflowExecutionContinuedAsNewEventAttributes) return 'continuedAsNew';
  const failed = last?.workflowExecutionFailedEventAttributes;
  if (failed) return failed.failure.applicationFailureInfo.type;
  const result = last?.workflowExecutionCompletedEventAttributes?.result.payloads[0];
  if (!result) return undefined;
  const { outcome } = z.object({ outcome: z.string() }).parse(decoded(result));
  return ['audited', 'rolledOut', 'drifted'].includes(outcome) ? 'verified' : outcome;
}

/** The phase that the search attribute showed last. */
function phaseOf(events: readonly Event[]): unknown {
  const phases = events.flatMap((event) => {
    const attributes = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes.indexedFields;
    return attributes?.AksPhase ? [attributes.AksPhase] : [];
  });
  const last = phases.at(-1);
  return last && decoded(last);
}

const decoded = ({ data }: { data: string }): unknown => JSON.parse(Buffer.from(data, 'base64').toString());

/** The same history as code would have made it that does two things the other way round, or starts another workflow. */
function asOtherCodeWouldHaveMadeIt(history: RecordedHistory): RecordedHistory {
  const { events } = structuredClone(history);
  const types = events.flatMap(({ activityTaskScheduledEventAttributes: scheduled }) =>
    scheduled ? [scheduled.activityType] : [],
  );
  const [first] = types;
  const other = types.find(({ name }) => name !== first?.name);
  const child = events.find((event) => event.startChildWorkflowExecutionInitiatedEventAttributes);
  if (first && other) [first.name, other.name] = [other.name, first.name];
  else if (child?.startChildWorkflowExecutionInitiatedEventAttributes)
    child.startChildWorkflowExecutionInitiatedEventAttributes.workflowType.name = 'another';
  else throw new Error('The history has activities of one type only, and starts no workflow');
  return { events };
}
