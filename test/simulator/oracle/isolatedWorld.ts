import type { Truth } from '../../../simulator/index.ts';
import { type OwnRegistryIds, onOwnRegistry, prepareOwnRegistry } from '../../support/ownRegistry.ts';
import { group, location, polling, type Started, start, wireCluster } from '../support.ts';

/** An isolated cluster in a network of its owner, with a registry of the owner's, and what to do with it. */
export interface IsolatedWorld extends Started {
  readonly ids: OwnRegistryIds;
  readonly cluster: string;
  /** The oracle's answer about the cluster. */
  truth(): Promise<Truth>;
  /** Whether a curl in the cluster reaches a URL. */
  curl(url: string): Promise<boolean>;
  /** Writes a subnet of the nodes that is as it was, but for this. */
  nodeSubnet(properties: Record<string, unknown>): Promise<void>;
  /** Writes resources of Microsoft.Network beside the cluster, by type and name; gives the ID of the last. */
  network(resources: Readonly<Record<string, unknown>>): Promise<string>;
  /** Makes a {@link hub} in 10.0.0.0/16 that the network is peered with. */
  peeredHub(): Promise<void>;
  /** Links a zone to a network. */
  link(zone: string, name: string, vnet: string, more?: object): Promise<unknown>;
  /** Makes everything as it was at the beginning. */
  again(): Promise<void>;
}

const rg = 'oracle';
export const networkOf = (path: string): string => `${group(`rg-${rg}`)}/providers/Microsoft.Network/${path}`;

export const hub = networkOf('virtualNetworks/hub');

/** `access`: how its API server is reached; by default its name is in public DNS, which every network with Azure's DNS knows. */
export async function isolatedWorld(access: object = { privateDNSZone: 'none' }): Promise<IsolatedWorld> {
  const azure = await start();
  const ids = await prepareOwnRegistry(azure, rg);
  const { properties, identity } = onOwnRegistry(ids);
  const apiServerAccessProfile = { enablePrivateCluster: true, ...access };
  await azure.put(ids.cluster, wireCluster({ ...properties, apiServerAccessProfile }, { identity }));
  await azure.send('PUT', '/simulator/snapshots/begin');
  const network: IsolatedWorld['network'] = async (resources) => {
    let last = '';
    for (const [path, body] of Object.entries(resources)) {
      last = networkOf(path);
      await azure.put(last, { location, ...(body as object) });
    }
    return last;
  };
  return {
    ...azure,
    ids,
    cluster: ids.cluster,
    async truth() {
      const answer = await azure.send('GET', `/simulator/truth?cluster=${encodeURIComponent(ids.cluster)}`);
      return answer.body as Truth;
    },
    async curl(url) {
      const command = `curl --max-time 5 ${url}`;
      const result = await azure.aks.managedClusters.runCommand(`rg-${rg}`, rg, { command }, polling);
      if (result.provisioningState !== 'Succeeded') throw new Error(`${command}: ${result.reason}`);
      return result.exitCode === 0;
    },
    async nodeSubnet(more) {
      await azure.put(ids.nodeSubnet, {
        properties: { addressPrefix: '192.168.1.0/24', defaultOutboundAccess: false, ...more },
      });
    },
    network,
    async peeredHub() {
      await network({ 'virtualNetworks/hub': { properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } } } });
      for (const [from, name, to] of [
        [hub, 'spoke', ids.vnet],
        [ids.vnet, 'hub', hub],
      ])
        await azure.put(`${from}/virtualNetworkPeerings/${name}`, { properties: { remoteVirtualNetwork: { id: to } } });
    },
    link: (zone, name, vnet, more = {}) =>
      azure.put(`${zone}/virtualNetworkLinks/${name}`, {
        location: 'global',
        properties: { virtualNetwork: { id: vnet }, registrationEnabled: false, ...more },
      }),
    async again() {
      await azure.send('POST', '/simulator/snapshots/begin/restore');
    },
  };
}
