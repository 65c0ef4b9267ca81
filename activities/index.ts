import { aboutWorker } from './aboutWorker.ts';
import { agentPoolChangeActivities } from './agentPoolChanges.ts';
import { agentPoolActivities } from './agentPools.ts';
import { allKeptAlive } from './arm/checkpoint.ts';
import { onClock } from './arm/clock.ts';
import { type AzureConnection, azureClients } from './arm/connection.ts';
import { withBoundedResults } from './arm/resultSize.ts';
import { fleetActivities } from './fleet.ts';
import { identityActivities } from './identities.ts';
import { kubernetesActivities } from './kubernetes.ts';
import { managedClusterActivities } from './managedClusters.ts';
import { privateDnsActivities } from './privateDns.ts';
import { privateEndpointActivities } from './privateEndpoints.ts';
import { auditActivities } from './reads/audit.ts';
import { deletionActivities } from './reads/deletion.ts';
import { discoveryActivities } from './reads/discovery.ts';
import { existenceActivities } from './reads/existence.ts';
import { existingClusterActivities } from './reads/existingCluster.ts';
import { registrationActivities } from './registrations.ts';
import { registryActivities } from './registries.ts';
import { resourceGroupActivities } from './resourceGroups.ts';
import { roleAssignmentActivities } from './roleAssignments.ts';
import { secondMarkActivities } from './secondMarks.ts';
import { subnetActivities } from './subnets.ts';
import { virtualNetworkActivities } from './virtualNetworks.ts';
import { type Webhook, webhookActivities } from './webhook.ts';

/** Every activity, bound to one connection to Azure Resource Manager and to the webhook, if there is one. */
export function createActivities(connection: AzureConnection, webhook?: Webhook) {
  const clients = azureClients(connection);
  const deletion = deletionActivities(clients);
  const discovery = discoveryActivities(clients);
  const existing = existingClusterActivities(clients);
  const fleet = fleetActivities(clients);
  const first = aboutWorker(connection, webhook);
  // Every activity heartbeats, for a killed worker is noticed by the heartbeats that it no longer sends.
  const activities = allKeptAlive({
    ...agentPoolActivities(clients),
    ...agentPoolChangeActivities(clients),
    ...auditActivities(clients),
    ...deletion,
    discoverDeletion: first(deletion.discoverDeletion),
    ...discovery,
    discover: first(discovery.discover),
    ...existenceActivities(clients),
    ...existing,
    lookAtCluster: first(existing.lookAtCluster),
    ...fleet,
    listFleetClusters: first(fleet.listFleetClusters),
    ...identityActivities(clients),
    ...kubernetesActivities(clients),
    ...managedClusterActivities(clients),
    ...privateDnsActivities(clients),
    ...privateEndpointActivities(clients),
    ...registrationActivities(clients),
    ...registryActivities(clients),
    ...resourceGroupActivities(clients),
    ...roleAssignmentActivities(clients),
    ...secondMarkActivities(clients),
    ...subnetActivities(clients),
    ...virtualNetworkActivities(clients),
  });
  return { ...onClock(withBoundedResults(activities), connection.clock), ...webhookActivities(webhook) };
}

export type Activities = ReturnType<typeof createActivities>;
