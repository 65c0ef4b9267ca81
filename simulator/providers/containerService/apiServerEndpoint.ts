import { randomUUID } from 'node:crypto';
import { nameOf, parentPath } from '../../arm/ids.ts';
import type { World } from '../../arm/world.ts';
import { storeRecord } from '../network/dnsRecords.ts';
import { freeAddresses, interfaceAddresses } from '../network/endpointMembers.ts';
import { endpointType, interfaceType } from '../network/endpointShapes.ts';
import { createLinkedZone } from '../network/privateDnsZones.ts';
import { storeLink } from '../network/virtualNetworkLinks.ts';
import { canLink, isLinked } from './controlPlane.ts';
import type { ClusterBody } from './shapes.ts';
import { nodeGroupOf } from './stored.ts';

/** ID of the endpoint through which nodes reach an API server with private link. */
export const apiServerEndpoint = (cluster: ClusterBody): string =>
  `${nodeGroupOf(cluster)}/providers/${endpointType}/kube-apiserver`;

/**
 * Makes the private endpoint of the API server with its interface, and the record of its name: in a zone of AKS's own that is
 * linked to the network of the nodes, or in the zone that the cluster names, which AKS links to it too (Azure/AKS#4998), or in
 * public DNS alone. Source: Microsoft Learn, "Create a private AKS cluster"; names of interface and link are modelled.
 */
export function placeApiServerEndpoint(world: World, cluster: ClusterBody, subnetId: string): void {
  const { properties } = cluster;
  const id = apiServerEndpoint(cluster);
  if (!properties.privateLinkResources || !world.store.get(subnetId)) return;
  if (!world.store.get(id)) placeEndpoint(world, cluster, subnetId);
  placeNameInZone(world, cluster, subnetId);
}

function placeEndpoint(world: World, cluster: ClusterBody, subnetId: string): void {
  const { location } = cluster;
  const id = apiServerEndpoint(cluster);
  const address = freeAddresses(world, subnetId).next().value ?? '';
  const nic = `${nodeGroupOf(cluster)}/providers/${interfaceType}/kube-apiserver.nic.${randomUUID()}`;
  const name = 'privateEndpointIpConfig.management';
  world.store.put(nic, interfaceType, {
    id: nic,
    name: nameOf(nic),
    type: interfaceType,
    location,
    kind: 'Regular',
    managedBy: id,
    properties: {
      provisioningState: 'Succeeded',
      privateEndpoint: { id },
      nicType: 'Standard',
      ipConfigurations: [
        {
          name,
          id: `${nic}/ipConfigurations/${name}`,
          properties: {
            provisioningState: 'Succeeded',
            privateIPAddress: address,
            privateIPAllocationMethod: 'Dynamic',
            primary: true,
            subnet: { id: subnetId },
            privateLinkConnectionProperties: { groupId: 'management', requiredMemberName: 'management', fqdns: [] },
          },
        },
      ],
    },
  });
  world.store.put(id, endpointType, {
    id,
    name: nameOf(id),
    type: endpointType,
    location,
    properties: {
      provisioningState: 'Succeeded',
      subnet: { id: subnetId },
      networkInterfaces: [{ id: nic }],
      privateLinkServiceConnections: [
        {
          name: 'kube-apiserver',
          properties: { groupIds: ['management'], privateLinkServiceConnectionState: { status: 'Approved' } },
        },
      ],
    },
  });
  placeOwnZone(world, cluster, parentPath(subnetId), address);
}

/** The zone that AKS makes for one cluster. */
function placeOwnZone(world: World, cluster: ClusterBody, vnet: string, address: string): void {
  const { privateFQDN, apiServerAccessProfile } = cluster.properties;
  if (apiServerAccessProfile?.privateDNSZone?.toLowerCase() !== 'system' || privateFQDN === undefined) return;
  const [label = '', ...domain] = privateFQDN.split('.');
  const zone = `${nodeGroupOf(cluster)}/providers/Microsoft.Network/privateDnsZones/${domain.join('.')}`;
  createLinkedZone(world, zone, { name: linkName(cluster, vnet), vnet }, { [label]: address });
}

/** The record and the link in the zone that the cluster names. */
function placeNameInZone(world: World, cluster: ClusterBody, subnetId: string): void {
  const { privateFQDN, apiServerAccessProfile } = cluster.properties;
  const zone = apiServerAccessProfile?.privateDNSZone;
  if (!zone?.includes('/') || privateFQDN === undefined) return;
  const address = addressOfApiServer(world, cluster);
  const record = `${zone}/A/${privateFQDN.slice(0, -nameOf(zone).length - 1)}`;
  if (address !== undefined && !world.store.get(record))
    storeRecord(world, record, { ttl: 300, aRecords: [{ ipv4Address: address }] });
  const vnet = parentPath(subnetId);
  if (!isLinked(world, zone, vnet) && canLink(world, cluster, zone, vnet))
    storeLink(world, `${zone}/virtualNetworkLinks/${linkName(cluster, vnet)}`, undefined, vnet);
}

function addressOfApiServer(world: World, cluster: ClusterBody): string | undefined {
  const id = apiServerEndpoint(cluster);
  const nic = world.store.list(interfaceType, nodeGroupOf(cluster)).find(({ body }) => body.managedBy === id);
  return nic && interfaceAddresses(nic)[0]?.address;
}

const linkName = ({ properties }: ClusterBody, vnet: string): string =>
  `${properties.dnsPrefix}-${nameOf(vnet)}`.toLowerCase();
