import { z } from 'zod';
import {
  approvalsAt,
  approvalTimeoutMinutes,
  clusterReference,
  dryRun,
  failOnProblems,
  holdTimeoutMinutes,
  pauseTimeoutMinutes,
  schemaKey,
} from './cluster.ts';
import { privateDnsZoneId } from './infrastructure.ts';

/** Things that a cluster can leave behind, in the order in which they are deleted. */
export const clusterParts = [
  'privateEndpoint',
  'privateDnsZone',
  'registry',
  'virtualNetwork',
  'identities',
  'resourceGroup',
] as const;
export type ClusterPart = (typeof clusterParts)[number];

/** Input of the `deleteCluster` scenario. Guide: your own registry, endpoint and zone stay when the cluster goes. */
export const deleteClusterInput = z.strictObject({
  $schema: schemaKey,
  cluster: clusterReference,
  alsoDelete: z
    .array(z.enum(clusterParts))
    .max(clusterParts.length, `too many parts. There are ${clusterParts.length}.`)
    .default([])
    .describe(
      'What else is to go, of what createCluster made for this cluster; its tags say so. Everything else stays in any case. privateDnsZone: with its links and records, or only those of this cluster in a zone that was there before.',
    ),
  privateDnsZoneId: privateDnsZoneId
    .exactOptional()
    .describe(
      "The zone with the cluster's records, if it is not in a subscription of the cluster or was not made with it.",
    ),
  onFailure: z
    .enum(['hold', 'leave'])
    .default('leave')
    .describe('What is deleted cannot be brought back, so there is no rollBack.'),
  approvals: approvalsAt(['delete'], 'before anything is deleted'),
  approvalTimeoutMinutes,
  holdTimeoutMinutes,
  pauseTimeoutMinutes,
  dryRun,
  failOnProblems,
});

/** As callers send it: defaults may be left out. */
export type DeleteClusterInput = z.input<typeof deleteClusterInput>;
/** As the scenario gets it: defaults are filled in. */
export type ParsedDeleteClusterInput = z.output<typeof deleteClusterInput>;
