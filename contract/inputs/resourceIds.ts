import { z } from 'zod';
import { parseResourceId } from '../../resources/ids.ts';
import { type Named, type NameRule, nameRules } from '../../resources/names.ts';

/** Types of resources that inputs name by resource ID: Azure's type, its rule for names, and what prints the ID. */
const types = {
  virtualNetwork: ['Microsoft.Network/virtualNetworks', 'az network vnet show'],
  privateEndpoint: ['Microsoft.Network/privateEndpoints', 'az network private-endpoint show'],
  privateDnsZone: ['Microsoft.Network/privateDnsZones', 'az network private-dns zone show'],
  registry: ['Microsoft.ContainerRegistry/registries', 'az acr show'],
  identity: ['Microsoft.ManagedIdentity/userAssignedIdentities', 'az identity show'],
} as const satisfies Partial<Record<Named, readonly [type: string, command: string]>>;

export const guid = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

/**
 * Azure takes letters and digits of all scripts for resource groups, those of Unicode's basic plane. Source: REST API,
 * "Resource Groups - Create Or Update".
 */
const resourceGroup =
  /^(?!.*[\u{10000}-\u{10FFFF}])[\p{Lu}\p{Ll}\p{Lt}\p{Lm}\p{Lo}\p{Nd}_().-]{0,89}[\p{Lu}\p{Ll}\p{Lt}\p{Lm}\p{Lo}\p{Nd}_()-]$/u;

/**
 * No resource ID is longer: 51 characters up to the subscription, 106 for the group, 60 for provider and type, and a name of 128
 * are 345. A private DNS zone's name of 253 is refused before: there is only one for registries.
 */
const longest = 400;

/** The resource ID of a resource of one type, as Azure would take it apart. */
export const resourceIdOf = (kind: keyof typeof types) =>
  z
    .string()
    .check(
      z.superRefine((id, context) => {
        const [type, command] = types[kind];
        const fault = faultOf(id, type, nameRules[kind]);
        if (fault === undefined) return;
        const message = `not the resource ID of a ${type}${fault}. Use the one that \`${command} --query id\` prints.`;
        context.addIssue({ code: 'custom', message, continue: false });
      }),
    )
    .meta({ maxLength: longest });

/** The fault of an ID in words; empty where it is no resource ID, or one of another type. */
function faultOf(id: string, type: string, { pattern, madeOf }: NameRule): string | undefined {
  const parsed = parseResourceId(id);
  if (parsed?.type.toLowerCase() !== type.toLowerCase()) return '';
  if (!guid.test(parsed.subscriptionId)) return ': its subscription is not a GUID';
  if (!resourceGroup.test(parsed.resourceGroup)) return ': its resource group has no name that Azure takes';
  return pattern.test(parsed.name) ? undefined : `: its name does not have ${madeOf}`;
}
