import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import type { Body } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { type ChildKind, checkChildren, childrenOf, childType, writeChildren } from './childResource.ts';
import { interfaceType } from './endpointShapes.ts';
import { withEtag } from './style.ts';
import { subnetType } from './subnetShapes.ts';
import { trackedType, usedBy } from './trackedResource.ts';

export const securityGroupType = 'Microsoft.Network/networkSecurityGroups';

const ruleBody = z.looseObject({ priority: z.int(), direction: z.string(), access: z.string() });

export const securityRules: ChildKind = {
  type: `${securityGroupType}/securityRules`,
  check(id, properties, siblings) {
    const { priority, direction } = ruleBody.parse(properties);
    if (priority < 100 || priority > 4096) {
      throw refusal(
        'SecurityRuleInvalidPriority',
        `Security rule ${id} has invalid priority ${priority}. Supported range is 100 to 4096.`,
      );
    }
    const same = siblings.find(({ body }) => {
      const other = ruleBody.parse(body.properties);
      return other.priority === priority && other.direction.toLowerCase() === direction.toLowerCase();
    });
    if (same) {
      throw refusal(
        'SecurityRuleConflict',
        `Security rule ${id} conflicts with rule ${same.id}. Rules cannot have the same Priority and Direction.`,
      );
    }
  },
  build: (properties) => properties,
};

/** Rules that every group has, and that its own rules come before. Source: Microsoft Learn, "Azure network security groups overview". */
export const defaultRules = [
  ['AllowVnetInBound', 65000, 'Inbound', 'Allow', 'VirtualNetwork', 'VirtualNetwork'],
  ['AllowAzureLoadBalancerInBound', 65001, 'Inbound', 'Allow', 'AzureLoadBalancer', '*'],
  ['DenyAllInBound', 65500, 'Inbound', 'Deny', '*', '*'],
  ['AllowVnetOutBound', 65000, 'Outbound', 'Allow', 'VirtualNetwork', 'VirtualNetwork'],
  ['AllowInternetOutBound', 65001, 'Outbound', 'Allow', '*', 'Internet'],
  ['DenyAllOutBound', 65500, 'Outbound', 'Deny', '*', '*'],
].map(
  ([name, priority, direction, access, sourceAddressPrefix, destinationAddressPrefix]): {
    name: string;
    properties: Body;
  } => ({
    name: String(name),
    properties: {
      provisioningState: 'Succeeded',
      protocol: '*',
      sourcePortRange: '*',
      destinationPortRange: '*',
      sourceAddressPrefix,
      destinationAddressPrefix,
      access,
      priority,
      direction,
    },
  }),
);

/** Network security groups with their rules. A group decides over a subnet that names it. */
export const securityGroupTypes: readonly ResourceType[] = [
  trackedType({
    type: securityGroupType,
    check: ({ resourceId }, { properties }) => checkChildren(securityRules, resourceId, properties?.securityRules),
    build: (_world, { securityRules: _stored, ...sent }) => sent,
    write: (world, id, sent) => writeChildren(world, securityRules, id, sent.securityRules),
    parts: (world, id) => childrenOf(world, securityRules, id),
    view: ({ id }, world) => ({
      securityRules: childrenOf(world, securityRules, id).map(withEtag),
      defaultSecurityRules: defaultRules.map(({ name, properties }) => ({
        name,
        id: `${id}/defaultSecurityRules/${name}`,
        type: `${securityGroupType}/defaultSecurityRules`,
        properties,
      })),
      subnets: usedBy(world, id, subnetType),
      networkInterfaces: usedBy(world, id, interfaceType),
    }),
    inUse: ({ id }, world) => {
      const [user] = [...(usedBy(world, id, subnetType) ?? []), ...(usedBy(world, id, interfaceType) ?? [])];
      return (
        user &&
        refusal(
          'InUseNetworkSecurityGroupCannotBeDeleted',
          `Network security group ${id} cannot be deleted because it is in use by the following resources: ${user.id}. In order to delete the Network security group, remove the association with the resource(s).`,
        )
      );
    },
  }),
  childType(securityRules),
];

const refusal = (code: string, message: string): ArmError => new ArmError(400, code, message, { details: [] });
