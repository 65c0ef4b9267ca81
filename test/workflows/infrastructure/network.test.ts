import { describe, expect, it } from '@jest/globals';
import type { StepId } from '../../../contract/index.ts';
import { group, planCreate, reasons, stepOf } from '../support.ts';
import { ids, networkThere, planOwnRegistry, subnetsThere, subnetThere, there } from './support.ts';

const apiServer = { apiServerAccess: 'vnetIntegration' };

describe('the network', () => {
  it('is one request with all its subnets where it is absent', () => {
    const { infrastructure: plan, steps } = planOwnRegistry({}, apiServer);
    expect(plan.virtualNetwork).toMatchObject({ id: ids.vnet, addressPrefixes: ['192.168.0.0/16'] });
    expect(plan.virtualNetwork?.subnets).toEqual([
      {
        id: ids.nodeSubnet,
        name: 'aks-subnet',
        use: 'nodeSubnet',
        addressPrefix: '192.168.1.0/24',
        defaultOutboundAccess: false,
      },
      {
        id: ids.registrySubnet,
        name: 'acr-subnet',
        use: 'registrySubnet',
        addressPrefix: '192.168.2.0/24',
      },
      {
        id: ids.apiServerSubnet,
        name: 'apiserver-subnet',
        use: 'apiServerSubnet',
        addressPrefix: '192.168.3.0/24',
        delegation: 'Microsoft.ContainerService/managedClusters',
      },
    ]);
    expect(plan.subnets).toEqual([]);
    expect(steps.filter(({ kind }) => kind === 'subnet')).toEqual([]);
  });

  it('that is there gets its subnets one after the other, and everything in it waits for the last', () => {
    const plan = planOwnRegistry({}, apiServer, there({ virtualNetwork: networkThere() }));
    const chain: StepId[] = ['virtualNetwork', 'subnet:nodeSubnet', 'subnet:registrySubnet', 'subnet:apiServerSubnet'];
    for (const [index, id] of chain.entries()) {
      if (index > 0) expect(stepOf(plan, id).needs).toEqual(chain.slice(0, index));
    }
    for (const id of ['privateEndpoint', 'zoneLink', 'role:networkContributor:apiserver-subnet', 'cluster'] as const) {
      expect(stepOf(plan, id).needs).toEqual(expect.arrayContaining(chain));
    }
  });

  it("keeps its subnet's range where none is given", () => {
    const virtualNetwork = networkThere(
      subnetThere('aks-subnet', { addressPrefixes: ['192.168.64.0/20'] }),
      ...subnetsThere.slice(1),
    );
    const { infrastructure: plan } = planOwnRegistry({}, {}, there({ virtualNetwork }));
    expect(plan.subnets.map(({ addressPrefix }) => addressPrefix)).toEqual(['192.168.64.0/20', '192.168.2.0/24']);
  });

  it('has ranges and names as given', () => {
    const network = {
      name: 'mine',
      addressPrefixes: ['172.16.0.0/16'],
      nodeSubnet: { name: 'nodes', addressPrefix: '172.16.0.0/20' },
      registrySubnet: { addressPrefix: '172.16.16.0/28' },
    };
    const { infrastructure: plan } = planOwnRegistry({}, { network });
    const id = `${group}/providers/Microsoft.Network/virtualNetworks/mine`;
    expect(plan.virtualNetwork).toMatchObject({
      id,
      addressPrefixes: ['172.16.0.0/16'],
      subnets: [
        { id: `${id}/subnets/nodes`, addressPrefix: '172.16.0.0/20' },
        { id: `${id}/subnets/acr-subnet`, addressPrefix: '172.16.16.0/28' },
      ],
    });
  });

  it('with a managed registry needs no subnet for an endpoint, and only the roles of the control plane', () => {
    const plan = planCreate({ network: {} });
    expect(plan.problems).toEqual([]);
    expect(reasons(plan)).toEqual({
      resourceGroup: 'create: absent',
      virtualNetwork: 'create: absent',
      'identity:controlPlane': 'create: absent',
      'role:networkContributor:aks-subnet': 'create: not held',
      cluster: 'create: absent',
    });
    expect(plan.specification).not.toHaveProperty('containerRegistryId');
    expect(plan.specification).not.toHaveProperty('kubeletIdentityId');
  });
});
