import { deflateRawSync, inflateRawSync } from 'node:zlib';
import {
  ContainerRegistryManagementClient,
  restorePoller as restoreContainerRegistry,
} from '@azure/arm-containerregistry';
import { ContainerServiceClient, restorePoller as restoreContainerService } from '@azure/arm-containerservice';
import { NetworkManagementClient, restorePoller as restoreNetwork } from '@azure/arm-network';
import { PrivateDnsManagementClient, restorePoller as restorePrivateDns } from '@azure/arm-privatedns';
import { ResourceManagementClient, restorePoller as restoreResources } from '@azure/arm-resources';
import type { AzureClients, Service } from './connection.ts';

/** The part of the Azure SDK's poller that is needed here. */
export interface Poller<T> {
  readonly isDone: boolean;
  readonly result: T | undefined;
  submitted(): Promise<void>;
  serialize(): Promise<string>;
  poll(options?: { abortSignal?: AbortSignal }): Promise<unknown>;
}

/** A request on its way to Azure: with an operation to be followed, or one that Azure answers at once. */
export type Sent = Poller<unknown> | Promise<unknown>;

/** The state of a poller as heartbeats hold it: short, and without the operation's address, which Azure signs, for people to read. */
export const packedState = async (poller: Poller<unknown>): Promise<string> =>
  deflateRawSync(await poller.serialize()).toString('base64');

/** Workers of version 0.1 have left the state as it is, in JSON. */
const unpacked = (state: string): string =>
  state.startsWith('{') ? state : inflateRawSync(Buffer.from(state, 'base64')).toString();

/**
 * Resumes an operation that another worker began. Each of Azure's packages resumes its own operations. The serialized state
 * says which one it is. The function beside it only gives the result its type.
 */
export function restoredPoller(client: AzureClients[Service], state: string): Poller<unknown> {
  const serialized = unpacked(state);
  if (client instanceof ContainerServiceClient)
    return restoreContainerService(client, serialized, client.managedClusters.delete);
  if (client instanceof ContainerRegistryManagementClient)
    return restoreContainerRegistry(client, serialized, client.registries.delete);
  if (client instanceof NetworkManagementClient)
    return restoreNetwork(client, serialized, client.virtualNetworks.delete);
  if (client instanceof PrivateDnsManagementClient)
    return restorePrivateDns(client, serialized, client.privateZones.delete);
  if (client instanceof ResourceManagementClient)
    return restoreResources(client, serialized, client.resourceGroups.delete);
  throw new Error('This service answers at once: no operation of it can be resumed');
}
