import { type AzureConnection, azureClients } from './connection.ts';
import { discoveryActivities } from './discovery.ts';
import { managedClusterActivities } from './managedClusters.ts';
import { registrationActivities } from './registrations.ts';
import { resourceGroupActivities } from './resourceGroups.ts';

/** Every activity, bound to one connection to Azure Resource Manager. */
export function createActivities(connection: AzureConnection) {
  const clients = azureClients(connection);
  return {
    ...discoveryActivities(clients),
    ...managedClusterActivities(clients),
    ...registrationActivities(clients),
    ...resourceGroupActivities(clients),
  };
}

export type Activities = ReturnType<typeof createActivities>;
