import { z } from 'zod';
import type { WorkerPolicy } from '../resources/workerPolicy.ts';
import { eachOnce } from './inputs/checks.ts';
import { schemaKey } from './inputs/cluster.ts';
import { guid } from './inputs/resourceIds.ts';
import { approvalGates, scenarios } from './names.ts';

/** As many as a file of this size still shows at a glance; the policy stands in the history of each run. */
const mostEntries = 100;

const listOf = (entry: z.ZodType<string>) =>
  z
    .array(entry)
    .max(mostEntries, `too many entries. Use at most ${mostEntries}, or patterns with *.`)
    .check(eachOnce())
    .exactOptional();

const guids = (what: string) => listOf(z.string().regex(guid, `not the ID of a ${what}. Use a GUID.`));

/** Azure's longest resource ID has 345 characters. */
const patterns = listOf(
  z
    .string()
    .regex(/^[^\s]{1,400}$/, 'not a pattern. Use a name or a resource ID, with * for any characters.')
    .meta({ maxLength: 400 }),
);
const byPattern = 'Names, or resource IDs; * stands for any characters.';

/**
 * The targets that a worker may work on, beside what Azure allows its identity. A key that is left out bounds nothing; an empty list
 * allows nothing.
 */
export const workerPolicy: z.ZodType<WorkerPolicy> = z.strictObject({
  $schema: schemaKey,
  scenarios: z
    .array(z.enum(scenarios))
    .exactOptional()
    .describe('The scenarios that may run. Dry runs are runs of their scenario.'),
  tenants: guids('tenant').describe('The tenants of the subscriptions that may be touched.'),
  subscriptions: guids('subscription').describe('The subscriptions that may be touched.'),
  locations: listOf(z.string().regex(/^[a-z0-9]{1,50}$/, 'not a region. Use a name such as westeurope.')).describe(
    'The regions in which clusters may be, and in which something may be created.',
  ),
  resourceGroups: patterns.describe(
    `The resource groups in which something may be touched. ${byPattern} The default node resource group of a cluster in them counts as one of them.`,
  ),
  registries: patterns.describe(`The registries of your own that may be touched. ${byPattern}`),
  deletable: z
    .strictObject({
      resourceGroups: patterns.describe(
        `Those of the resource groups in which something may be deleted, by undo too. ${byPattern}`,
      ),
      registries: patterns.describe(`Those of the registries that may be deleted, by undo too. ${byPattern}`),
    })
    .exactOptional()
    .describe('What may be deleted, of what may be touched. Default: all of it.'),
  approvals: z
    .strictObject({
      starterMayApprove: z
        .boolean()
        .default(true)
        .describe('Whether whoever has started a run may let it pass its gates without anybody else.'),
      required: z
        .array(z.enum(approvalGates))
        .exactOptional()
        .describe('The gates at which every run waits that comes to them, whatever its input asks for.'),
    })
    .exactOptional()
    .describe('Who may let a run pass a gate.'),
});
