import { z } from 'zod';
import type { ClusterReference } from '../resources/ids.ts';
import { allowsNoDisruption, type DisruptionBudgetFacts, type KubernetesFacts, type Look } from '../resources/nodes.ts';
import type { ClientsOf } from './arm/connection.ts';
import { kubectl, runCommand } from './runCommand.ts';

/** As many as one log has room for. Nobody knows where the pods of more are. */
const mostBudgets = 100;

const endOfItem = 'end-of-item';

/**
 * Adds the nodes of its pods to each budget that allows no disruption: a drain of other nodes does not mind it. Where nobody can
 * tell, the facts stay as they are.
 */
export async function withNodesOfPods(
  clients: ClientsOf,
  cluster: ClusterReference,
  look: Look<KubernetesFacts>,
): Promise<Look<KubernetesFacts>> {
  if ('unseen' in look) return look;
  const { disruptionBudgets } = look.seen;
  const blocking = disruptionBudgets.filter((budget) => allowsNoDisruption(budget) && isPlain(budget));
  if (blocking.length === 0 || blocking.length > mostBudgets) return look;
  const shown = await items(clients, cluster, blocking.map(getBudget));
  if (shown?.length !== blocking.length) return look;
  const located = blocking.flatMap((budget, index) => {
    const selector = selectorIn(shown[index] ?? '');
    return selector === undefined ? [] : [{ budget, command: getPods(budget, selector) }];
  });
  if (located.length === 0) return look;
  const pods = await items(
    clients,
    cluster,
    located.map(({ command }) => command),
  );
  if (pods?.length !== located.length) return look;
  const nodes = new Map(located.map(({ budget }, index) => [budget, nodesIn(pods[index] ?? '')]));
  const withNodes = disruptionBudgets.map((budget) => {
    const known = nodes.get(budget);
    return known ? { ...budget, nodes: known } : budget;
  });
  return { seen: { ...look.seen, disruptionBudgets: withNodes } };
}

/** The outputs of several commands; `undefined` where one of them failed, or the log is cut. */
async function items(
  clients: ClientsOf,
  cluster: ClusterReference,
  commands: readonly string[],
): Promise<string[] | undefined> {
  const output = await runCommand(
    clients,
    cluster,
    commands.map((each) => `${each} && echo ${endOfItem}`).join(' && '),
  );
  if ('unseen' in output || output.seen.exitCode !== 0) return undefined;
  return output.seen.logs.split(`${endOfItem}\n`).slice(0, -1);
}

/** Whether its names can stand in a command. Kubernetes takes no others. */
const isPlain = ({ namespace, name }: DisruptionBudgetFacts): boolean =>
  [namespace, name].every((each) => /^[a-z0-9][-.a-z0-9]*$/.test(each));

const getBudget = ({ namespace, name }: DisruptionBudgetFacts): string =>
  `${kubectl} get poddisruptionbudget ${name} --namespace ${namespace} --output json`;

const getPods = ({ namespace }: DisruptionBudgetFacts, selector: string): string =>
  `${kubectl} get pods --namespace ${namespace} --selector '${selector}' --no-headers --output custom-columns=NODE:.spec.nodeName`;

const word = z.string().regex(/^[-\w./]*$/);
const budgetSchema = z.object({
  spec: z.object({
    selector: z.object({
      matchLabels: z.record(word, word).default({}),
      matchExpressions: z
        .array(
          z.object({
            key: word,
            operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
            values: z.array(word).default([]),
          }),
        )
        .default([]),
    }),
  }),
});
type Expression = z.infer<typeof budgetSchema>['spec']['selector']['matchExpressions'][number];

/** The selector of a budget's pods, as kubectl takes it. `undefined`: it is not understood. */
export function selectorIn(json: string): string | undefined {
  let budget: unknown;
  try {
    budget = JSON.parse(json);
  } catch {
    return undefined;
  }
  const { data } = budgetSchema.safeParse(budget);
  if (!data) return undefined;
  const { matchLabels, matchExpressions } = data.spec.selector;
  return [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(expressionText),
  ].join(',');
}

function expressionText({ key, operator, values }: Expression): string {
  switch (operator) {
    case 'In':
      return `${key} in (${values.join(',')})`;
    case 'NotIn':
      return `${key} notin (${values.join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
  }
}

/** Pods that wait for a node show none. */
const nodesIn = (listing: string): string[] => [
  ...new Set(
    listing
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && line !== '<none>' && !/^(No resources found|Warning:)/.test(line)),
  ),
];
