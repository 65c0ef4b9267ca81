import type { AzureClients, ClientsOf } from '../../activities/arm/connection.ts';
import { azureCall, azureReadIfRegistered, seenOr, whereAllowed } from '../../activities/arm/errors.ts';
import { readAllowances } from '../../activities/reads/allowances.ts';
import { readProvider } from '../../activities/registrations.ts';
import { readLocations, readSubscription } from '../../activities/subscriptions.ts';
import type { Problem } from '../../contract/problem.ts';
import { type AllowanceFacts, isAllowed } from '../../resources/allowances.ts';
import { otherCloudOf } from '../../resources/clouds.ts';
import { keyOf } from '../../resources/ids.ts';
import { unreadTexts } from '../../resources/unread.ts';
import { type CheckName, checks } from './checks.ts';
import type { RunGroup } from './cleanup.ts';
import { groupName, registryName } from './live.ts';

export interface Wanted {
  readonly subscriptionId: string;
  readonly location: string;
  readonly vmSize: string;
  readonly runId: string;
  readonly chosen: readonly CheckName[];
  /** Whether nothing of the run is there yet. */
  readonly isNew: boolean;
}

/** Everything that would stop the run or a check of it, before anything is made, and what could not be looked at. */
interface Foreseen {
  problems: Problem[];
  unchecked: readonly string[];
}

/** @param earlier Groups of all runs. */
export async function problemsOf(
  clientsOf: ClientsOf,
  wanted: Wanted,
  earlier: readonly RunGroup[],
): Promise<Foreseen> {
  const { subscriptionId, location, vmSize, runId } = wanted;
  const clients = clientsOf(subscriptionId);
  const scope = `/subscriptions/${subscriptionId}`;
  const [allowances, providers, locations, names] = await Promise.all([
    readAllowances(clientsOf, { subscriptionId, location, scopes: [scope], vmSizes: [vmSize] }),
    providerProblems(clientsOf, wanted),
    whereAllowed(() => readLocations(clientsOf, subscriptionId)),
    takenNames(clients, wanted),
  ]);
  const isKnown = seenOr(locations, [location]).includes(location);
  return {
    problems: [
      ...leftovers(earlier, runId),
      ...names,
      ...providers,
      ...cloudProblems(clients.authorization.$host, wanted.chosen),
      ...permissionProblems(allowances, scope, wanted),
      ...lockProblems(allowances),
      ...denialProblems(allowances, wanted),
      ...(isKnown ? sizeProblems(allowances, wanted) : [unknownRegion(location)]),
    ],
    unchecked: unreadTexts(allowances.unread ?? []),
  };
}

/** Whether the subscription can be used at all: without it, nothing else can be asked. */
export async function subscriptionProblems(clientsOf: ClientsOf, subscriptionId: string): Promise<Problem[]> {
  const where = '--subscription';
  const whatToDo = 'Give one that `az account list` prints, in which the identity has a role.';
  const look = await whereAllowed(() => readSubscription(clientsOf, subscriptionId));
  if ('forbidden' in look) return [{ where, problem: `may not be read (${look.forbidden})`, whatToDo }];
  if (!look.seen) return [{ where, problem: `${subscriptionId} was not found`, whatToDo }];
  const { state } = look.seen;
  return state === undefined || /^enabled$/i.test(state)
    ? []
    : [{ where, problem: `${subscriptionId} is ${state}`, whatToDo }];
}

/** Checks that would make a zone for names which registries do not have in this cloud. */
export function cloudProblems(endpoint: string, chosen: readonly CheckName[]): Problem[] {
  const cloud = otherCloudOf(endpoint);
  const own = chosen.filter((check) => checks[check].cluster === 'own');
  if (cloud === undefined || own.length === 0) return [];
  const problem = `registries and their zone have other names in ${cloud} than in Azure: ${own.join(', ')} would fail`;
  return [{ where: endpoint, problem, whatToDo: 'Leave these out with --checks.' }];
}

const unknownRegion = (location: string): Problem => ({
  where: '--location',
  problem: `${location} is not a region of the subscription`,
  whatToDo: 'Give one that `az account list-locations` prints.',
});

const leftovers = (earlier: readonly RunGroup[], runId: string): Problem[] =>
  earlier
    .filter((group) => group.runId !== runId)
    .map(({ id, runId: other, expiresOn }) => ({
      where: id,
      problem: `an earlier live run has left it (expires ${expiresOn})`,
      whatToDo: `Wait if that run still works; else remove it: --clean-up ${other}`,
    }));

/** Names that somebody else has. */
async function takenNames({ containerRegistry, resources }: AzureClients, wanted: Wanted): Promise<Problem[]> {
  const { subscriptionId, runId, chosen, isNew } = wanted;
  if (!isNew) return [];
  const taken = (where: string, why = ''): Problem => ({
    where,
    problem: `the name is taken${why === '' ? '' : ` (${why})`}`,
    whatToDo: 'Start again with another --folder: a new run has other names.',
  });
  const name = groupName(runId);
  const id = `/subscriptions/${subscriptionId}/resourceGroups/${name}`;
  const group = await whereAllowed(() => azureCall(id, () => resources.resourceGroups.checkExistence(name)));
  const groupProblems = seenOr(group, { body: false }).body ? [taken(id)] : [];
  if (!chosen.some((check) => checks[check].cluster === 'own')) return groupProblems;
  const registry = { name: registryName(runId), type: 'Microsoft.ContainerRegistry/registries' } as const;
  const look = await whereAllowed(() =>
    azureReadIfRegistered(id, () => containerRegistry.registries.checkNameAvailability(registry)),
  );
  const { nameAvailable = true, message } = seenOr(look, undefined) ?? {};
  return nameAvailable ? groupProblems : [...groupProblems, taken(registry.name, message)];
}

const providers = ['Compute', 'ContainerRegistry', 'ContainerService', 'ManagedIdentity', 'Network'];

async function providerProblems(clientsOf: ClientsOf, { subscriptionId }: Wanted): Promise<Problem[]> {
  const problems = providers.map(async (name): Promise<Problem[]> => {
    const namespace = `Microsoft.${name}`;
    const look = await whereAllowed(() => readProvider(clientsOf, { subscriptionId, namespace }));
    const state = seenOr(look, 'Registered');
    if (state === 'Registered') return [];
    const whatToDo = `Register it: az provider register --namespace ${namespace} --wait`;
    return [{ where: namespace, problem: `the resource provider is ${state}`, whatToDo }];
  });
  return (await Promise.all(problems)).flat();
}

/** The least that every run does. */
const groupActions = ['write', 'delete'].map((verb) => `Microsoft.Resources/subscriptions/resourceGroups/${verb}`);

const actionsOf = (chosen: readonly CheckName[]): { action: string; by: string }[] => [
  ...groupActions.map((action) => ({ action, by: 'every check needs' })),
  ...chosen.flatMap((check) => checks[check].actions.map((action) => ({ action, by: `the check ${check} needs` }))),
];

/** What is made could not be removed, or not even made. */
const lockProblems = ({ locks }: AllowanceFacts): Problem[] =>
  locks.map(({ id, level }) => ({
    where: id,
    problem: `a lock (${level}) of the subscription would keep what the run makes from being removed`,
    whatToDo: 'Take it away while the run lasts, or give another subscription.',
  }));

function denialProblems({ denials = [] }: AllowanceFacts, { chosen }: Wanted): Problem[] {
  const needed = [...new Set(actionsOf(chosen).map(({ action }) => action))];
  return denials.flatMap(({ id, name, permissions, doubt, onlyAtScope }) => {
    const denied = needed.filter((action) => isAllowed(action, permissions));
    if (doubt !== undefined || onlyAtScope || denied.length === 0) return [];
    const problem = `the deny assignment ${name} keeps the identity from ${denied.join(', ')}`;
    return [{ where: id, problem, whatToDo: 'Give another subscription, or have the identity excluded from it.' }];
  });
}

function permissionProblems({ permissions }: AllowanceFacts, scope: string, { chosen }: Wanted): Problem[] {
  const held = permissions[keyOf(scope)];
  const where = `the identity at ${scope}`;
  if (!held) {
    const whatToDo = 'Give it the role Contributor there.';
    return [{ where, problem: 'its permissions may not be read, or it has none', whatToDo }];
  }
  const needed = actionsOf(chosen);
  const missing = needed.filter(
    ({ action }, index) =>
      !isAllowed(action, held) && needed.findIndex((earlier) => earlier.action === action) === index,
  );
  const assigns = ({ action }: { action: string }): boolean => action.includes('roleAssignments');
  const groups = Map.groupBy(missing, (one) => `${one.by} ${assigns(one)}`);
  return [...groups.values()].map((group) => {
    const actions = group.map(({ action }) => action).join(', ');
    const whatToDo = group.some(assigns)
      ? 'Give it the role Role Based Access Control Administrator there, or leave that check out with --checks.'
      : 'Give it the role Contributor there.';
    return { where, problem: `it may not do ${actions}, which ${group[0]?.by}`, whatToDo };
  });
}

/** Clusters are there one after the other, each with a node and one more while it is reimaged; the check of two pools has another. */
const nodesAtOnce = (chosen: readonly CheckName[]): number => (chosen.includes('pools') ? 3 : 2);

function sizeProblems({ vmSizes, usages }: AllowanceFacts, { location, vmSize, chosen, isNew }: Wanted): Problem[] {
  if (!chosen.some((check) => checks[check].cluster)) return [];
  const where = '--vm-size';
  const whatToDo = `Give another one that \`az vm list-skus --location ${location}\` prints, or another --location.`;
  if (!vmSizes) {
    const give = 'Give the identity the role Reader on the subscription.';
    return [{ where, problem: `nobody can tell whether ${vmSize} can be had: sizes may not be read`, whatToDo: give }];
  }
  const size = vmSizes[vmSize];
  if (!size) return [{ where, problem: `${vmSize} is not offered in ${location}`, whatToDo }];
  const restricted =
    size.restriction === undefined
      ? []
      : [{ where, problem: `${vmSize} cannot be had in ${location} (${size.restriction})`, whatToDo }];
  const vCPUs = nodesAtOnce(chosen) * size.vCPUs;
  const short = [size.family, 'cores'].flatMap((family): Problem[] => {
    const usage = usages[family.toLowerCase()];
    // Nodes that an earlier start has left count among the used ones.
    if (!usage || !isNew || usage.limit - usage.used >= vCPUs) return [];
    const of = family === 'cores' ? `the region ${location}` : `family ${family} in ${location}`;
    const problem = `${vCPUs} vCPUs are needed at once, and the quota of ${of} leaves ${usage.limit - usage.used} of ${usage.limit}`;
    return [{ where, problem, whatToDo: 'Ask for more quota, or give a smaller --vm-size or another --location.' }];
  });
  return [...restricted, ...short];
}
