import { type ApplicationFailure, TemporalFailure, upsertSearchAttributes } from '@temporalio/workflow';
import type { EventName } from '../../contract/events.ts';
import { isFailure, withoutStack } from '../../contract/failures.ts';
import type { ParsedAuditClusterInput } from '../../contract/inputs/existingCluster.ts';
import { scenarioInputs } from '../../contract/inputs/index.ts';
import { errorTypes, searchAttributes } from '../../contract/names.ts';
import type { AuditReport, AuditVerdict, Check } from '../../contract/result.ts';
import { shortened } from '../../contract/shortened.ts';
import { failDiscovery } from './endsUnchanged.ts';
import { mostErrorBytes } from './errorText.ts';
import { checkedInput } from './givenInput.ts';
import { Operator } from './operator.ts';
import { auditReport } from './outcome.ts';
import { RunProgress } from './progress.ts';
import { showingRefusal } from './refusal.ts';
import { countVerdict, told } from './telemetry.ts';
import { Telling } from './telling.ts';

/**
 * Runs an audit: checks its input, looks, and tells what was found.
 *
 * @throws ApplicationFailure `InvalidInput`, `PreflightFailed`, or `DriftFound` where the input asks for it.
 */
export async function runAudit(
  given: unknown,
  audit: (input: ParsedAuditClusterInput) => Promise<Check[]>,
): Promise<AuditReport> {
  return told((begins) => {
    const input = showingRefusal('auditCluster', () => checkedInput(scenarioInputs.auditCluster, given));
    begins(input.cluster);
    return auditOf(input, audit);
  });
}

async function auditOf(
  input: ParsedAuditClusterInput,
  audit: (input: ParsedAuditClusterInput) => Promise<Check[]>,
): Promise<AuditReport> {
  const onlyLooks = { ...input, dryRun: true, onFailure: 'leave' } as const;
  const progress = new RunProgress('auditCluster', onlyLooks, () => []);
  const telling = new Telling(progress);
  // An audit waits for nobody. Its update handlers say so.
  new Operator(onlyLooks, { progress, telling }, () => false);
  try {
    progress.enter('verifying');
    const checks = await audit(input);
    const report = () => auditReport(progress.now, checks, input.probes === 'required');
    const found = report();
    const { verdict } = found;
    progress.tell(verdictLines(found));
    progress.enter('succeeded');
    upsertSearchAttributes([{ key: searchAttributes.isolation, value: verdict }]);
    await telling.end(events[verdict]);
    countVerdict(verdict);
    // By now it is known who could not be told.
    if (input.failOnDrift && verdict === 'Drifted') throw driftFound(report());
    return report();
  } catch (error) {
    if (isFailure(error, 'DriftFound') || !(error instanceof TemporalFailure)) throw error;
    throw await failDiscovery({ progress, telling }, error);
  }
}

/** The event of each verdict; nobody is told good news. */
const events = { Isolated: undefined, Drifted: 'drifted', Unproven: 'unproven' } as const satisfies Record<
  AuditVerdict,
  EventName | undefined
>;

/** The verdict and what speaks against isolation, first of all that an operator sees. */
const verdictLines = ({ verdict, drift, unproven }: AuditReport): string[] => [
  verdict,
  ...drift,
  ...unproven.map((each) => `not proven: ${each}`),
];

const driftFound = (report: AuditReport): ApplicationFailure =>
  withoutStack({
    type: errorTypes.driftFound,
    message: shortened(verdictLines(report).join('\n'), mostErrorBytes),
    nonRetryable: true,
    details: [report],
  });
