import type { StepId, StepKind } from '../../contract/plan.ts';
import type { StepProgress } from '../../contract/progress.ts';
import { operationKinds } from '../../resources/operations.ts';

/**
 * Seconds that a step takes which creates or changes, from the recording of {@link operationKinds}: one run in one region. Kinds
 * that are not in it are left out.
 */
const recordedSeconds: Readonly<Partial<Record<StepKind, number>>> = {
  // A gate costs no time of Azure's, and nobody knows how long a person takes.
  approval: 0,
  secondMark: 1,
  resourceGroup: 2,
  identity: 2,
  role: 5,
  virtualNetwork: operationKinds.writeVirtualNetwork.usualSeconds,
  subnet: operationKinds.writeSubnet.usualSeconds,
  cacheRule: operationKinds.writeCacheRule.usualSeconds,
  // Azure answers the request itself after eight seconds.
  registry: 8 + operationKinds.writeRegistry.usualSeconds,
  privateDnsZone: operationKinds.writePrivateDns.usualSeconds,
  zoneLink: operationKinds.writePrivateDns.usualSeconds,
  // The poll that saw the end; the operation may have taken ten seconds less.
  privateEndpoint: 10 + operationKinds.writePrivateEndpoint.usualSeconds,
  bootstrap: operationKinds.updateCluster.usualSeconds,
  outboundType: operationKinds.updateCluster.usualSeconds,
  cluster: operationKinds.createClusterWithManagedRegistry.usualSeconds,
};

const takes = ({ kind, action }: StepProgress): number | undefined =>
  action === 'create' || action === 'update' || kind === 'approval' ? recordedSeconds[kind] : undefined;

/** The time that a run still takes, as a rule. */
export interface UsualRest {
  seconds: number;
  /** Whether it is a lower bound: some steps to come are in no recording. */
  isLowerBound: boolean;
}

/**
 * How long the steps that are open usually take from now on, each after those that it needs.
 *
 * @param now Milliseconds since 1970.
 */
export function usualRest(steps: readonly StepProgress[], now: number): UsualRest {
  const open = new Map(steps.filter(({ state }) => state === 'waiting' || state === 'running').map((s) => [s.id, s]));
  const left = new Map<StepId, number>();
  // Steps stand in no order of need. A plan has no circles.
  const leftFor = (id: StepId): number => {
    const step = open.get(id);
    if (!step) return 0;
    const known = left.get(id);
    if (known !== undefined) return known;
    const elapsed = step.startedAt === undefined ? 0 : (now - Date.parse(step.startedAt)) / 1000;
    const rest = Math.max(0, (takes(step) ?? 0) - elapsed) + Math.max(0, ...step.needs.map(leftFor));
    left.set(id, rest);
    return rest;
  };
  return {
    seconds: Math.max(0, ...[...open.keys()].map(leftFor)),
    isLowerBound: [...open.values()].some((step) => step.action !== 'none' && takes(step) === undefined),
  };
}
