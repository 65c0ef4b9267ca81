import { type ApplicationFailure, TemporalFailure, upsertSearchAttributes } from '@temporalio/workflow';
import { isFailure, withoutStack } from '../../contract/failures.ts';
import type { ParsedAuditClusterInput } from '../../contract/inputs/existingCluster.ts';
import { scenarioInputs } from '../../contract/inputs/index.ts';
import { errorTypes, searchAttributes } from '../../contract/names.ts';
import type { AuditReport, Check } from '../../contract/result.ts';
import { shortened } from '../../contract/shortened.ts';
import { mostErrorBytes } from './errorText.ts';
import { checkedInput } from './givenInput.ts';
import { Operator } from './operator.ts';
import { auditReport } from './outcome.ts';
import { RunProgress } from './progress.ts';
import { showingRefusal } from './refusal.ts';
import { failDiscovery } from './scenario.ts';
import { countVerdict, told } from './telemetry.ts';

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
  // An audit waits for nobody. Its update handlers say so.
  new Operator(onlyLooks, progress, () => false);
  try {
    progress.enter('verifying');
    const checks = await audit(input);
    progress.tell(verdictLines(auditReport(progress.now, checks, input.probes === 'required')));
    progress.enter('succeeded');
    const report = auditReport(progress.now, checks, input.probes === 'required');
    upsertSearchAttributes([{ key: searchAttributes.isolation, value: report.verdict }]);
    countVerdict(report.verdict);
    if (input.failOnDrift && report.verdict === 'Drifted') throw driftFound(report);
    return report;
  } catch (error) {
    if (isFailure(error, 'DriftFound') || !(error instanceof TemporalFailure)) throw error;
    throw failDiscovery(progress, error);
  }
}

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
