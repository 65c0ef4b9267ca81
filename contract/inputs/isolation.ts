import { z } from 'zod';
import { closedOutboundTypes } from '../../resources/outboundTypes.ts';

/** Ways out beside the outbound type that an input can accept by name. */
export const waysOut = [
  'natGateway',
  'defaultRoute',
  'publicAddresses',
  'nodePublicAddresses',
  'defaultOutboundAccess',
] as const;
export type WayOut = (typeof waysOut)[number];

/** The ways out that stay open on purpose. */
export const accept = z
  .array(z.enum(waysOut))
  .max(waysOut.length, `too many. Name each of ${waysOut.join(', ')} once at most.`)
  .default([])
  .describe(
    'Ways out of the cluster that stay open on purpose: a NAT gateway on the subnets of its nodes or pods (natGateway), a route of theirs that leads public addresses to the internet, an appliance or a gateway (defaultRoute), public IP addresses, default outbound access. Every other one that is found is a problem.',
  );

/** Whether isolation must be seen from inside the cluster. */
export const probes = z
  .enum(['required', 'ifAllowed'])
  .default('required')
  .describe(
    "A pod on a node of each pool pulls an image through the registry, by the cluster's run-command API, before egress is cut or the run counts as verified. ifAllowed: where that is disabled or forbidden, it is accepted that nothing is proven, and the report says so first.",
  );

/** Outbound types of an isolated cluster. */
export const closedOutboundType = z
  .enum(closedOutboundTypes)
  .default('none')
  .describe('How egress is cut. none: AKS sets up no way out. block: AKS blocks every way out, in preview.');
