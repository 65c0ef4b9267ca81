import { z } from 'zod';
import { doing } from './arm/others.ts';
import type { World } from './arm/world.ts';
import { restartMachine, silence } from './providers/compute/machines.ts';
import { nodeMachines } from './providers/containerService/nodes.ts';

/** Body of POST /simulator/requests: what others have done before anybody looks. */
export const requestList = z.strictObject({ does: z.array(doing).min(1) });

/** Body of POST /simulator/nodes: nodes of a cluster, and what becomes of them. */
export const nodeChange = z.strictObject({
  cluster: z.string().startsWith('/'),
  /** All nodes of a pool; an empty name for those in none. */
  pool: z.string().optional(),
  /** One node. */
  name: z.string().optional(),
  becomes: z.enum(['silent', 'heard', 'rebooted']),
});

/** @returns names of the nodes that were changed */
export function changeNodes(world: World, { cluster, pool, name, becomes }: z.output<typeof nodeChange>): string[] {
  const found = nodeMachines(world, cluster).filter(
    ({ body: { kubernetes, properties } }) =>
      (pool === undefined || kubernetes.pool === pool) &&
      (name === undefined || properties.osProfile.computerName === name),
  );
  for (const machine of found) {
    if (becomes === 'rebooted') restartMachine(world, machine);
    else silence(world, machine, becomes === 'silent');
  }
  return found.map(({ body }) => body.properties.osProfile.computerName);
}
