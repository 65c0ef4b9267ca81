import { explain } from '../../arm/content.ts';
import { ArmError } from '../../arm/errors.ts';
import type { Provider } from '../../arm/provider.ts';
import { behaviours } from './behaviours.ts';
import { dnsRecordTypes } from './dnsRecords.ts';
import { endpointConnectionTypes } from './endpointConnections.ts';
import { loadBalancerTypes } from './loadBalancers.ts';
import { natGatewayTypes } from './natGateways.ts';
import { networkInterfaceTypes } from './networkInterfaces.ts';
import { securityGroupTypes } from './networkSecurityGroups.ts';
import { privateDnsZoneGroupTypes } from './privateDnsZoneGroups.ts';
import { privateDnsZoneTypes } from './privateDnsZones.ts';
import { privateEndpointTypes } from './privateEndpoints.ts';
import { publicAddressTypes } from './publicAddresses.ts';
import { routeTableTypes } from './routeTables.ts';
import { subnetTypes } from './subnets.ts';
import { virtualNetworkLinkTypes } from './virtualNetworkLinks.ts';
import { peeringTypes } from './virtualNetworkPeerings.ts';
import { virtualNetworkTypes } from './virtualNetworks.ts';

/** Microsoft.Network. */
export const network: Provider = {
  types: [
    ...virtualNetworkTypes,
    ...subnetTypes,
    ...peeringTypes,
    ...natGatewayTypes,
    ...routeTableTypes,
    ...securityGroupTypes,
    ...publicAddressTypes,
    ...loadBalancerTypes,
    ...privateEndpointTypes,
    ...networkInterfaceTypes,
    ...endpointConnectionTypes,
    ...privateDnsZoneGroupTypes,
    ...privateDnsZoneTypes,
    ...virtualNetworkLinkTypes,
    ...dnsRecordTypes,
  ],
  behaviours,
  refusal(problem) {
    const message = explain(problem);
    if (problem.kind === 'name') return new ArmError(400, 'InvalidResourceName', message, { details: [] });
    return new ArmError(400, 'InvalidRequestFormat', 'Cannot parse the request.', {
      details: [{ code: 'InvalidJson', message: `${message}.` }],
    });
  },
};
