import { z } from 'zod';
import type { ResourceType } from '../../arm/provider.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import { etagMismatch, withEtag } from './style.ts';

export const balancerType = 'Microsoft.Network/loadBalancers';

/** AKS and its cloud provider make load balancers in the node resource group; others may only look. */
export const loadBalancerTypes: readonly ResourceType[] = [
  { kind: 'stored', type: balancerType, tracked: true, etagHeader: true, mismatch: etagMismatch, view: withEtag },
];

const reference = z.looseObject({ id: z.string() });
const balancerProperties = z.looseObject({
  frontendIPConfigurations: z
    .array(
      z.looseObject({
        id: z.string(),
        name: z.string(),
        properties: z.looseObject({
          publicIPAddress: reference.optional(),
          publicIPPrefix: reference.optional(),
        }),
      }),
    )
    .default([]),
  outboundRules: z
    .array(z.looseObject({ properties: z.looseObject({ frontendIPConfigurations: z.array(reference) }) }))
    .default([]),
});

interface Frontend {
  readonly id: string;
  readonly name: string;
  readonly publicAddress: string | undefined;
}

export const frontendsOf = (balancer: Resource): Frontend[] =>
  balancerProperties
    .parse(propertiesOf(balancer))
    .frontendIPConfigurations.map(({ id, name, properties: { publicIPAddress, publicIPPrefix } }) => ({
      id,
      name,
      publicAddress: publicIPAddress?.id ?? publicIPPrefix?.id,
    }));

/** The frontends through which the machines behind a load balancer go out: those of its outbound rules. */
export function outboundFrontends(balancer: Resource): Frontend[] {
  const named = balancerProperties
    .parse(propertiesOf(balancer))
    .outboundRules.flatMap(({ properties }) => properties.frontendIPConfigurations.map(({ id }) => id.toLowerCase()));
  return frontendsOf(balancer).filter(({ id }) => named.includes(id.toLowerCase()));
}
