import type { AuditClusterInput } from '../contract/inputs/existingCluster.ts';
import type { AuditReport } from '../contract/result.ts';
import { runAudit } from './engine/audit.ts';
import { proveIsolation } from './isolation/proof.ts';

/**
 * Is this cluster network isolated now? Guide: "Validate the network isolated cluster". Changes nothing in Azure, and takes
 * any workflow ID, so that it can run on a schedule and beside other scenarios.
 *
 * A cluster that has drifted is a result, not a failure: the search attribute `AksIsolation` says `Drifted`, or `Unproven`
 * where nothing has drifted and not everything could be looked at.
 */
export async function auditCluster(given: AuditClusterInput): Promise<AuditReport> {
  return runAudit(given, ({ probes, ...input }) =>
    proveIsolation({
      ...input,
      whenForbidden: probes === 'required' ? 'fail' : 'tell',
      onlyAzure: probes === 'none',
      isPatient: false,
    }),
  );
}
