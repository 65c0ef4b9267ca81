import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ContainerServiceClient } from '@azure/arm-containerservice';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { ResourceManagementClient } from '@azure/arm-resources';
import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import { simulatedIdentity } from '../scripts/local/simulatorClient.ts';
import type { Simulator } from '../simulator/index.ts';

/** The wait of the Azure CLI between two polls where Azure does not say. Source: azure-core, ARMPolling, its default `timeout`. */
const azSeconds = 30;

export const location = 'westeurope';

interface Poller {
  readonly isDone: boolean;
  submitted(): Promise<void>;
  poll(): Promise<unknown>;
}

/** Azure's own SDK, used as a script uses the Azure CLI: one thing after the other, each to its end. */
export interface PlainClient {
  put(id: string, apiVersion: string, body: object): Promise<Record<string, unknown>>;
  show(id: string, apiVersion: string): Promise<Record<string, unknown>>;
  /** Answers its principal ID. */
  identity(resourceGroup: string, name: string): Promise<string>;
  assign(scope: string, role: string, principalId: string): Promise<void>;
  /** As `az aks nodepool upgrade --node-image-only`. */
  reimage(resourceGroup: string, cluster: string, pool: string): Promise<void>;
}

/** @param speed The simulator's, whose clients wait in simulated time. */
export function plainClient(simulator: Simulator, subscriptionId: string, speed: number): PlainClient {
  let asked: string | undefined;
  const noteRetryAfter: PipelinePolicy = {
    name: 'noteRetryAfter',
    async sendRequest(request, next) {
      const response = await next(request);
      asked = response.headers.get('retry-after');
      return response;
    },
  };
  const options = {
    endpoint: simulator.endpoint,
    credentials: { scopes: [`${simulator.endpoint}/.default`] },
    tlsOptions: { ca: simulator.ca },
    additionalPolicies: [{ policy: noteRetryAfter, position: 'perRetry' as const }],
  };
  const credential = simulatedIdentity(simulator.tokenEndpoint);
  const { resources } = new ResourceManagementClient(credential, subscriptionId, options);
  const { userAssignedIdentities } = new ManagedServiceIdentityClient(credential, subscriptionId, options);
  const { agentPools } = new ContainerServiceClient(credential, subscriptionId, options);

  /** The first poll comes at once, the next as Azure asks. */
  async function untilDone(poller: Poller): Promise<void> {
    await poller.submitted();
    while (!poller.isDone) {
      await poller.poll();
      if (!poller.isDone) await delay((Number(asked) || azSeconds) * (1000 / speed));
    }
  }
  const show: PlainClient['show'] = async (id, apiVersion) => ({ ...(await resources.getById(id, apiVersion)) });
  const put: PlainClient['put'] = async (id, apiVersion, body) => {
    await untilDone(resources.createOrUpdateById(id, apiVersion, body));
    return show(id, apiVersion);
  };
  return {
    put,
    show,
    async identity(resourceGroup, name) {
      const { principalId = '' } = await userAssignedIdentities.createOrUpdate(resourceGroup, name, { location });
      return principalId;
    },
    async assign(scope, role, principalId) {
      const roleDefinitionId = `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
      const properties = { roleDefinitionId, principalId, principalType: 'ServicePrincipal' };
      const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
      await put(id, '2022-04-01', { properties });
    },
    reimage: (resourceGroup, cluster, pool) =>
      untilDone(agentPools.upgradeNodeImageVersion(resourceGroup, cluster, pool)),
  };
}
