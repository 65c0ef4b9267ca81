import type { z } from 'zod';
import { type ClusterReference, clusterId } from '../resources/ids.ts';
import { scenarioInputs } from './inputs/index.ts';
import {
  type FleetScenario,
  fleetScenarios,
  keyOfCluster,
  type ParsedRolloutFleetInput,
  rolloutFleetInput,
} from './inputs/rolloutFleet.ts';
import { type Parsed, parse } from './parse.ts';
import { boundedProblems, type Problem } from './problem.ts';

/** Parses an input of `rolloutFleet` with its template and overrides, and reports every problem at once. */
export function parseRolloutFleet(given: unknown): Parsed<ParsedRolloutFleetInput> {
  const parsed = parse(rolloutFleetInput, given);
  const problems = [
    ...(parsed.ok ? [] : parsed.problems),
    ...selectionProblems(given),
    // An input that is no object, or far too large, has problems enough.
    ...templateProblems(given),
    ...(parsed.ok ? overrideProblems(parsed.value) : []),
  ];
  return parsed.ok && problems.length === 0 ? parsed : { ok: false, problems: boundedProblems(problems) };
}

function selectionProblems(given: unknown): Problem[] {
  if (!isRecord(given) || given.clusters !== undefined || given.select !== undefined) return [];
  const whatToDo = 'Give clusters, a list, or select, by which they are found.';
  return [{ where: 'clusters', problem: 'no cluster is selected', whatToDo }];
}

function templateProblems(given: unknown): Problem[] {
  if (!isRecord(given)) return [];
  const scenario = fleetScenarios.find((each) => each === given.scenario);
  const input = given.input ?? {};
  if (!scenario || !isRecord(input)) return [];
  const ofCluster = Array.isArray(given.overrides) ? given.overrides : [];
  const overrides = ofCluster.flatMap((each: unknown, index) => {
    if (!isRecord(each) || !isRecord(each.input)) return [];
    const more = each.input;
    // A fault of the template is told once.
    return inputProblems(scenario, { ...input, ...more }, `overrides[${index}].input`).filter(({ where }) =>
      Object.keys(more).some((key) => where.startsWith(`overrides[${index}].input.${key}`)),
    );
  });
  return [...inputProblems(scenario, input, 'input'), ...overrides];
}

/** Any cluster will do: its own one stands in the selection. */
const anyCluster: ClusterReference = {
  subscriptionId: '00000000-0000-0000-0000-000000000000',
  resourceGroup: 'any',
  name: 'any',
};

function inputProblems(scenario: FleetScenario, input: Record<string, unknown>, at: string): Problem[] {
  const schema: z.ZodType = scenarioInputs[scenario];
  const { cluster, dryRun, ...rest } = input;
  const parsed = parse(schema, { ...rest, cluster: anyCluster });
  const whatToDo = 'Remove it: the rollout gives each cluster its own, and has a dryRun itself.';
  return [
    ...Object.entries({ cluster, dryRun }).flatMap(([key, value]) =>
      value === undefined ? [] : [{ where: `${at}.${key}`, problem: 'not part of the template', whatToDo }],
    ),
    ...(parsed.ok ? [] : parsed.problems.map(({ where, ...said }) => ({ where: `${at}.${where}`, ...said }))),
  ];
}

/** Clusters that only an override or a ring names. Those that are found are known later. */
function overrideProblems({ clusters, overrides, rings }: ParsedRolloutFleetInput): Problem[] {
  const given = overrides.map(({ cluster }, index) => ({ cluster, where: `overrides[${index}].cluster` }));
  const keys = given.map(({ cluster }) => keyOfCluster(cluster));
  const twice = given.filter((_, index) => keys.indexOf(keys[index] ?? '') < index);
  return [
    ...twice.map(({ where }) => ({
      where,
      problem: 'a cluster that another override names',
      whatToDo: 'Join the two.',
    })),
    ...(clusters ? strangers(new Set(clusters.map(keyOfCluster)), { overrides, rings }) : []),
  ];
}

/** The clusters that overrides and rings name and the fleet does not have. @param fleet Their keys. */
export function strangers(
  fleet: ReadonlySet<string>,
  { overrides, rings }: Pick<ParsedRolloutFleetInput, 'overrides' | 'rings'>,
): Problem[] {
  const named = [
    ...overrides.map(({ cluster }, index) => ({ cluster, where: `overrides[${index}].cluster` })),
    ...rings.flatMap(({ clusters = [] }, ring) =>
      clusters.map((cluster, index) => ({ cluster, where: `rings[${ring}].clusters[${index}]` })),
    ),
  ];
  return named
    .filter(({ cluster }) => !fleet.has(keyOfCluster(cluster)))
    .map(({ cluster, where }) => ({
      where,
      problem: `${clusterId(cluster)} is not among the clusters of the rollout`,
      whatToDo: 'Correct its name, add it to the selection, or remove it here.',
    }));
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
