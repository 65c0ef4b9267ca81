import { createClusterInput, type ParsedCreateClusterInput, type Problem, parse } from '../../../contract/index.ts';

const smallest = {
  cluster: { subscriptionId: '11111111-1111-1111-1111-111111111111', resourceGroup: 'rg', name: 'cluster' },
  location: 'westeurope',
  registry: { mode: 'managed' },
  apiServerAccess: 'privateLink',
};

/** The smallest valid input as it comes over the wire, changed: a key that is `undefined` is left out. */
export const given = (changes: Record<string, unknown> = {}): unknown =>
  JSON.parse(JSON.stringify({ ...smallest, ...changes }));

export const givenCluster = (changes: Record<string, unknown>): unknown =>
  given({ cluster: { ...smallest.cluster, ...changes } });

/** One node pool, and nothing else wrong. */
export const givenPool = (changes: Record<string, unknown>): unknown =>
  given({ agentPoolProfiles: [{ name: 'system', ...changes }] });

/** The input with defaults filled in. Fails the test if it is refused. */
export function parsed(value: unknown): ParsedCreateClusterInput {
  const result = parse(createClusterInput, value);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

/** The problems of an input; none if it is accepted. */
export function inputProblems(value: unknown): Problem[] {
  const result = parse(createClusterInput, value);
  return result.ok ? [] : result.problems;
}
