import { z } from 'zod';

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
    'Ways out of the cluster that stay open on purpose: a NAT gateway or a default route on the subnets of its nodes, public IP addresses, default outbound access. Every other one that is found is a problem.',
  );
