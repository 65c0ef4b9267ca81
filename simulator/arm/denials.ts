import { z } from 'zod';

const everybody = '00000000-0000-0000-0000-000000000000';

/** Actions that the owner of a scope denies to everybody but some: a deployment stack, a managed application, or AKS. */
export const denial = z.strictObject({
  /** GUID under which the assignment is found. */
  name: z.guid(),
  title: z.string().min(1),
  scope: z.string().startsWith('/'),
  actions: z.array(z.string()).min(1),
  notActions: z.array(z.string()).default([]),
  /** Whether it leaves alone what is below the scope. */
  onlyAtScope: z.boolean().default(false),
  /** Object IDs of those that are denied. Default: everybody. */
  principals: z.array(z.string()).default([everybody]),
  /** Object IDs of those that are not denied. */
  exclude: z.array(z.string()).default([]),
  /** Object IDs among them that are of groups. */
  groups: z.array(z.string()).default([]),
});
export type Denial = z.output<typeof denial>;

/** Whether a list of object IDs names somebody, or everybody. Nobody is in a group. */
export const namesPrincipal = (ids: readonly string[], principalId: string): boolean =>
  ids.some((id) => id === everybody || id.toLowerCase() === principalId.toLowerCase());

/** The type of a principal as deny assignments have it. */
export const principalOf = (id: string, groups: readonly string[]) => ({
  id,
  type: id === everybody ? 'SystemDefined' : groups.includes(id) ? 'Group' : 'ServicePrincipal',
});
