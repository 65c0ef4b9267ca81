import { z } from 'zod';
import { parseResourceId } from '../../resources/ids.ts';
import { markTags } from '../../resources/marks.ts';

const guid = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

/** The cluster that a scenario works on. */
export const clusterReference = z.strictObject({
  subscriptionId: z
    .string()
    .regex(guid, 'not a subscription ID. Use the GUID that `az account show --query id` prints.'),
  resourceGroup: z
    .string()
    .regex(
      /^[-\w.()]{0,89}[-\w()]$/,
      'not a resource group name. Use 1 to 90 letters, digits, hyphens, underscores, dots or parentheses, not ending in a dot.',
    ),
  name: z
    .string()
    .regex(
      /^[a-zA-Z0-9]$|^[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]$/,
      'not a cluster name. Use 1 to 63 letters, digits, hyphens or underscores, beginning and ending with a letter or digit.',
    ),
});

/** Tags for everything that a scenario creates. */
export const tags = z
  .record(
    z
      .string()
      .min(1, 'the tag name is empty. Give at least one character.')
      .max(512, 'the tag name is too long. Use at most 512 characters.')
      .regex(/^[^<>%&\\?/]*$/, 'not a tag name. Leave out the characters < > % & \\ ? and /.'),
    z.string().max(256, 'the tag value is too long. Use at most 256 characters.'),
  )
  // Azure allows 50 tags and the product adds its own.
  .refine((all) => Object.keys(all).length <= 48, 'too many tags. Use at most 48: Azure allows 50 and two are added.')
  .refine(
    (all) => !Object.keys(all).some((key) => Object.values<string>(markTags).includes(key.toLowerCase())),
    `reserved tag. Leave out ${Object.values(markTags).join(' and ')}: they say which run owns a resource.`,
  );

/** A bound on a wait. */
export const minutes = (most: number, usual: number) =>
  z.int().min(1, 'too short. Use at least 1 minute.').max(most, tooLong(most)).default(usual);

export const day = 24 * 60;

const tooLong = (most: number): string =>
  `too long. Use at most ${most} minutes${most % day === 0 ? `, which are ${most / day} days` : ''}.`;

export const holdTimeoutMinutes = z
  .number()
  .positive('too short. Use more than 0 minutes.')
  .max(30 * day, tooLong(30 * day))
  .default(3 * day)
  .describe('With onFailure hold: bound on each wait for a decision. After it the scenario does as without hold.');

const count = (least: number) =>
  z.int().min(least, `too few. Use ${least} to 1000.`).max(1000, `too many. Use ${least} to 1000.`);

const poolSize = z.object({
  mode: z.string(),
  count: z.number(),
  enableAutoScaling: z.boolean(),
  minCount: z.number().exactOptional(),
  maxCount: z.number().exactOptional(),
});

/** A node pool, in Azure's own property names (`ManagedClusterAgentPoolProfile`). Windows pools cannot be network isolated. */
export const agentPoolProfile = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[a-z][a-z0-9]{0,11}$/,
        'not a Linux node pool name. Use 1 to 12 lower-case letters and digits, beginning with a letter.',
      ),
    mode: z.enum(['System', 'User']).default('System'),
    count: count(0).default(3).describe('Number of nodes; the initial one with autoscaling.'),
    vmSize: z
      .string()
      .regex(/^[A-Z]\w+$/, 'not a VM size. Use a name such as Standard_D4ds_v5.')
      .default('Standard_D4ds_v5'),
    osSKU: z.enum(['Ubuntu', 'AzureLinux']).exactOptional(),
    osDiskSizeGB: z
      .int()
      .min(30, 'too small. Use 30 to 2048 GiB.')
      .max(2048, 'too large. Use 30 to 2048 GiB.')
      .exactOptional(),
    osDiskType: z.enum(['Managed', 'Ephemeral']).exactOptional(),
    maxPods: z.int().min(10, 'too few. Use 10 to 250.').max(250, 'too many. Use 10 to 250.').exactOptional(),
    availabilityZones: z
      .array(z.enum(['1', '2', '3']))
      .min(1, 'no zone. Give at least one, or leave the key out.')
      .exactOptional(),
    enableAutoScaling: z.boolean().default(false),
    minCount: count(0).exactOptional(),
    maxCount: count(1).exactOptional(),
    nodeLabels: z.record(z.string(), z.string()).exactOptional(),
    nodeTaints: z.array(z.string()).exactOptional(),
  })
  .check(
    crossCheck(poolSize, ({ mode, count, enableAutoScaling, minCount, maxCount }, report) => {
      if (mode === 'System' && count === 0) report(['count'], 'a system pool without nodes. Use at least 1.');
      if (!enableAutoScaling) {
        if (minCount !== undefined)
          report(['minCount'], 'given without autoscaling. Remove it, or enable autoscaling.');
        if (maxCount !== undefined)
          report(['maxCount'], 'given without autoscaling. Remove it, or enable autoscaling.');
        return;
      }
      if (mode === 'System' && minCount === 0) {
        report(['minCount'], 'a system pool that can shrink to no nodes. Use at least 1.');
      }
      if (minCount === undefined) report(['minCount'], 'missing. Give it, or set enableAutoScaling to false.');
      if (maxCount === undefined) report(['maxCount'], 'missing. Give it, or set enableAutoScaling to false.');
      if (count < (minCount ?? 0) || count > (maxCount ?? 1000)) {
        report(['count'], 'not between minCount and maxCount. Change one of them.');
      }
    }),
  );

/** The resource ID of a resource of one type. */
export const resourceIdOf = (type: string, howToFindIt: string) =>
  z
    .string()
    .refine(
      (id) => isIdOf(type, id),
      `not the resource ID of a ${type}. Use the one that \`${howToFindIt} --query id\` prints.`,
    );

export const isIdOf = (type: string, id: string): boolean =>
  parseResourceId(id)?.type.toLowerCase() === type.toLowerCase();

const identityName = z
  .string()
  .regex(
    /^[a-zA-Z0-9][-\w]{2,127}$/,
    'not an identity name. Use 3 to 128 letters, digits, hyphens or underscores, beginning with a letter or digit.',
  );
const identityId = resourceIdOf('Microsoft.ManagedIdentity/userAssignedIdentities', 'az identity show');

/** A user-assigned identity: one that is there, by resource ID, or by name one that is found in the cluster's resource group or created there. */
const namedIdentity = { resourceId: identityId.exactOptional(), name: identityName.exactOptional() };

/** The cluster's control plane identity. Service principals cannot be used for network isolation (Azure/AKS#5821). */
export const clusterIdentity = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('SystemAssigned') }),
    z.strictObject({ type: z.literal('UserAssigned'), ...namedIdentity }).check(notBoth('resourceId', 'name')),
  ],
  { error: 'not an allowed identity type. Use SystemAssigned or UserAssigned.' },
);

/** The identity with which nodes pull images. */
export const kubeletIdentity = z.strictObject(namedIdentity).check(notBoth('resourceId', 'name'));

/** Two ways to say which resource is meant, of which one may be used. */
export function notBoth(id: string, name: string): z.core.$ZodCheck<object> {
  return crossCheck(z.looseObject({ [id]: z.string(), [name]: z.string() }), (_, report) =>
    report([name], `given beside ${id}, which says it already. Remove one of them.`),
  );
}

/**
 * A check over several keys that runs whenever those keys are sound, whatever else is wrong with the input,
 * so that all problems are reported at once.
 */
export function crossCheck<T>(
  part: z.ZodType<T>,
  check: (value: T, report: (path: PropertyKey[], message: string) => void) => void,
): z.core.$ZodCheck<object> {
  return z.superRefine<object>(
    (value, context) => {
      const { data, success } = part.safeParse(value);
      if (success) check(data, (path, message) => context.addIssue({ code: 'custom', path, message }));
    },
    { when: ({ value }) => part.safeParse(value).success },
  );
}
