import { TemporalFailure, upsertSearchAttributes } from '@temporalio/workflow';
import type { ParsedAuditClusterInput } from '../../contract/inputs/existingCluster.ts';
import { scenarioInputs } from '../../contract/inputs/index.ts';
import { searchAttributes } from '../../contract/names.ts';
import type { AuditReport, Check } from '../../contract/result.ts';
import { checkedInput } from './givenInput.ts';
import { Operator } from './operator.ts';
import { auditReport } from './outcome.ts';
import { RunProgress } from './progress.ts';
import { failDiscovery } from './scenario.ts';

/**
 * Runs an audit: checks its input, looks, and tells what was found.
 *
 * @throws ApplicationFailure `InvalidInput` or `PreflightFailed`.
 */
export async function runAudit(
  given: unknown,
  audit: (input: ParsedAuditClusterInput) => Promise<Check[]>,
): Promise<AuditReport> {
  const input = checkedInput(scenarioInputs.auditCluster, given);
  const onlyLooks = { ...input, dryRun: true, onFailure: 'leave' } as const;
  const progress = new RunProgress('auditCluster', onlyLooks, () => []);
  // An audit waits for nobody. Its update handlers say so.
  new Operator(onlyLooks, progress, () => false);
  try {
    progress.enter('verifying');
    const checks = await audit(input);
    progress.enter('succeeded');
    const report = auditReport(progress.now, checks);
    upsertSearchAttributes([{ key: searchAttributes.isolation, value: verdict(report) }]);
    return report;
  } catch (error) {
    throw error instanceof TemporalFailure ? failDiscovery(progress, error) : error;
  }
}

/** An audit that could not look at everything has neither proven isolation nor found drift. */
function verdict({ isolated, checks }: AuditReport): 'Isolated' | 'Unproven' | 'Drifted' {
  if (isolated) return 'Isolated';
  return checks.every(({ ok }) => ok) ? 'Unproven' : 'Drifted';
}
