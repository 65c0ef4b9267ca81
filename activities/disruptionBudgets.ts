import { z } from 'zod';
import type { ClusterReference } from '../resources/ids.ts';
import { allowsNoDisruption, type DisruptionBudgetFacts, type KubernetesFacts, type Look } from '../resources/nodes.ts';
import { now } from './arm/clock.ts';
import type { ClientsOf } from './arm/connection.ts';
import { kubectl, runCommand } from './runCommand.ts';

/** Each is a call of kubectl, and a command ends after five minutes. Nobody knows where the pods of more budgets are. */
const mostBudgets = 300;

/** The log of a command has room for 512 kB: this many names of nodes, and each budget has a line for each of its pods. */
const mostAtOnce = { budgets: 100, pods: 5_000 };

/** After so long no further batch begins. */
const mostMs = 3 * 60_000;

const endOfItem = 'end-of-item';

/**
 * Adds to budgets where their pods are: they do not hinder a drain of other nodes. A budget that allows no disruption also gets the
 * names of the nodes. Where nobody can tell, the facts stay as they are.
 *
 * @param ofAll Whether all budgets matter, and not only those that allow no disruption.
 */
export async function withPlacesOfPods(
  clients: ClientsOf,
  cluster: ClusterReference,
  look: Look<KubernetesFacts>,
  ofAll: boolean,
): Promise<Look<KubernetesFacts>> {
  if ('unseen' in look) return look;
  const { nodes } = look.seen;
  const poolOf = new Map(nodes.map(({ name, pool }) => [name, pool]));
  const [only, ...others] = new Set(poolOf.values());
  // Where all nodes are in one pool, nobody need ask where pods are.
  const isInOne = ofAll && only !== undefined && others.length === 0;
  const disruptionBudgets = look.seen.disruptionBudgets.map((budget) =>
    isInOne ? { ...budget, pools: [only] } : budget,
  );
  const some = disruptionBudgets.filter(
    (budget) => isPlain(budget) && budget.expectedPods > 0 && ((ofAll && !isInOne) || allowsNoDisruption(budget)),
  );
  if (some.length === 0 || some.length > mostBudgets) return { seen: { ...look.seen, disruptionBudgets } };
  const selectors = await readSelectors(clients, cluster);
  const located = some.flatMap((budget) => {
    const selector = selectors?.get(keyOf(budget));
    return selector === undefined ? [] : [{ budget, command: getPods(budget, selector) }];
  });
  const places = new Map<DisruptionBudgetFacts, string[]>();
  const startedAt = now();
  for (const batch of batches(located)) {
    // An attempt of a look ends after ten minutes, and a plan can do without the rest.
    if (now() - startedAt > mostMs) break;
    const shown = await items(
      clients,
      cluster,
      batch.map(({ command }) => command),
    );
    if (shown?.length !== batch.length) continue;
    batch.forEach(({ budget }, index) => {
      places.set(budget, nodesIn(shown[index] ?? ''));
    });
  }
  const withPlaces = disruptionBudgets.map((budget) => {
    const known = places.get(budget);
    if (!known) return budget;
    const pools = [...new Set(known.flatMap((name) => poolOf.get(name) ?? []))];
    return { ...budget, ...(allowsNoDisruption(budget) && { nodes: known }), pools };
  });
  return { seen: { ...look.seen, disruptionBudgets: withPlaces } };
}

/** As many budgets at a time as one log has room for. */
function batches<T extends { budget: DisruptionBudgetFacts }>(all: readonly T[]): T[][] {
  const made: T[][] = [];
  let pods = Number.POSITIVE_INFINITY;
  for (const each of all) {
    const last = made.at(-1);
    pods += each.budget.expectedPods;
    if (last && last.length < mostAtOnce.budgets && pods <= mostAtOnce.pods) last.push(each);
    else {
      made.push([each]);
      pods = each.budget.expectedPods;
    }
  }
  return made;
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

const keyOf = ({ namespace, name }: Pick<DisruptionBudgetFacts, 'namespace' | 'name'>): string =>
  `${namespace}/${name}`;

/** The selectors of all budgets, as kubectl takes them; without those that are not understood. */
async function readSelectors(clients: ClientsOf, cluster: ClusterReference): Promise<Map<string, string>> {
  const [listing = ''] = (await items(clients, cluster, [listSelectors])) ?? [];
  return selectorsIn(listing);
}

/** kubectl prints an object at a path of JSON as JSON, without line breaks. */
const listSelectors = `${kubectl} get poddisruptionbudgets --all-namespaces --output 'jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {.spec.selector}{"\\n"}{end}'`;

export const selectorsIn = (listing: string): Map<string, string> =>
  new Map(
    listing.split('\n').flatMap((line): [string, string][] => {
      const [, key, json = ''] = /^(\S+\/\S+) (.*)$/.exec(line.trimEnd()) ?? [];
      const selector = selectorIn(json);
      return key === undefined || selector === undefined ? [] : [[key, selector]];
    }),
  );

/** Whether its names can stand in a command. Kubernetes takes no others. */
const isPlain = ({ namespace, name }: DisruptionBudgetFacts): boolean =>
  [namespace, name].every((each) => /^[a-z0-9][-.a-z0-9]*$/.test(each));

const getPods = ({ namespace }: DisruptionBudgetFacts, selector: string): string =>
  `${kubectl} get pods --namespace ${namespace} --selector '${selector}' --no-headers --output custom-columns=NODE:.spec.nodeName`;

const word = z.string().regex(/^[-\w./]*$/);
const selectorSchema = z.object({
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
});
type Expression = z.infer<typeof selectorSchema>['matchExpressions'][number];

/** The selector of a budget's pods, as kubectl takes it. `undefined`: it is not understood. */
function selectorIn(json: string): string | undefined {
  let selector: unknown;
  try {
    selector = JSON.parse(json);
  } catch {
    return undefined;
  }
  const { data } = selectorSchema.safeParse(selector);
  if (!data) return undefined;
  const { matchLabels, matchExpressions } = data;
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
