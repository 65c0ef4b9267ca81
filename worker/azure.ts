import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { DefaultAzureCredential } from '@azure/identity';
import { type AzureConnection, azureClients } from '../activities/arm/connection.ts';
import { listSubscriptions } from '../activities/subscriptions.ts';
import { reasonsOf } from '../codec/reasons.ts';
import { applicationFailure, isFailure } from '../contract/failures.ts';
import type { Problem } from '../contract/problem.ts';
import type { Configuration } from './configuration.ts';

/** Connects to the Azure that the environment describes. The whole process then trusts its certificate authority. */
export function azureConnection({ endpoint, certificateAuthority, policy, readOnly }: Configuration): AzureConnection {
  if (certificateAuthority !== undefined) {
    // As an option of the clients, the authorities would be parsed again for each of a hundred connections.
    setDefaultCACertificates([...getCACertificates('default'), certificateAuthority]);
  }
  return { credential: new DefaultAzureCredential(), endpoint, readOnly, ...(policy && { policy }) };
}

/** Signs in and makes one harmless call. A worker without access thus never takes a task. */
export async function checkAzure(connection: AzureConnection): Promise<Problem[]> {
  try {
    await connection.credential.getToken(`${connection.endpoint}/.default`);
  } catch (error) {
    const whatToDo =
      'Give the worker an identity that DefaultAzureCredential finds: a managed identity, workload identity, AZURE_CLIENT_ID and its companions, or `az login`.';
    return [{ where: 'Azure credential', problem: `no token (${reasonsOf(error)})`, whatToDo }];
  }
  try {
    const subscriptions = await listSubscriptions(azureClients(connection));
    if (subscriptions.length > 0) return [];
    const whatToDo = 'Give the identity a role in the subscriptions that hold the clusters.';
    return [{ where: 'Azure credential', problem: 'the identity sees no subscription', whatToDo }];
  } catch (error) {
    const refused = applicationFailure(error) && !isFailure(error, 'Unreachable');
    const problem = `${refused ? 'refuses the call' : 'cannot be reached'} (${reasonsOf(error)})`;
    const whatToDo = 'Check AZURE_RESOURCE_MANAGER_ENDPOINT, AZURE_RESOURCE_MANAGER_CA_FILE and the network.';
    return [{ where: connection.endpoint, problem, whatToDo }];
  }
}
