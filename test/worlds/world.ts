import fc from 'fast-check';
import type { Rung } from '../../contract/inputs/existingCluster.ts';
import { type WayOut, waysOut } from '../../contract/inputs/isolation.ts';
import { openOutboundTypes } from '../../resources/outboundTypes.ts';
import { type AzureSwitchMoves, azureSwitches, azureSwitchesIn } from '../../simulator/index.ts';
import { type Effect, type FaultKind, faultKinds } from '../sweep/kinds.ts';
import { type Oddity, oddities } from './oddities.ts';
import { type Setting, settingNames } from './settings.ts';
import { type OthersDoing, othersDoings, type WorldScenario, type WorldShape } from './shape.ts';

/** A cluster that is there is not unseen after a write: it is seen as it was. */
const drawnFaults = (Object.entries(faultKinds) as [FaultKind, Effect][]).flatMap(([kind, { only }]) =>
  only === 'creations' ? [] : [kind],
);

/** A cluster as it is found, everything around it, and what happens while a scenario runs on it. */
export interface DrawnWorld extends WorldShape {
  oddities: Oddity[];
  /** In which way Azure answers where that is not settled, apart from the defaults. */
  switches: AzureSwitchMoves;
}

const maybe = <T>(weight: number, value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 10 - weight, arbitrary: fc.constant(undefined) }, { weight, arbitrary: value });

const user = fc.record({
  mode: fc.constantFrom('User' as const, 'System' as const),
  count: fc.integer({ min: 0, max: 2 }),
});
const isolatedBefore: ReadonlySet<WorldScenario> = new Set(['changeRegistry', 'disable']);
/** A registry with a private endpoint cannot become a Basic one, and its cluster's identity has the role already. */
const notWithOwn: ReadonlySet<Oddity> = new Set<Oddity>(['basicRegistry', 'conditionalRole']);

/** Pairs of which Azure refuses one where the other is, or that need each other's absence to come about. */
const exclusive: readonly (readonly [Oddity, Oddity])[] = [
  // Pods and budgets come into the cluster by run-command.
  ['runCommandDisabled', 'publicService'],
  ['runCommandDisabled', 'tightBudget'],
  ['nodeProvisioning', 'stopped'],
  ['nodeProvisioning', 'windowsPool'],
  ['nodeProvisioning', 'kubenet'],
  ['managedNATGateway', 'virtualMachinesPool'],
  // A network is linked to one zone of a name, and policies are put all at once.
  ['zoneElsewhere', 'recordsByPolicy'],
  ['marksStripped', 'registriesDenied'],
  ['marksStripped', 'recordsByPolicy'],
  ['registriesDenied', 'recordsByPolicy'],
  // A node that nobody hears of stands in the way of what is arranged by commands, and of its scale set.
  ['stopped', 'silentNode'],
  ['stopped', 'machineTooMany'],
  ['lockedNodeGroup', 'machineTooMany'],
  ['stopped', 'deallocated'],
  ['lockedNodeGroup', 'deallocated'],
  ['silentNode', 'deallocated'],
  ['machineTooMany', 'deallocated'],
  // A gateway is for clusters whose pods have the addresses of their nodes, and one on a subnet takes another's place.
  ['managedNATGateway', 'egressGateway'],
  ['natGateway', 'emptyNatGateway'],
];
/** Settings that AKS does not take beside an oddity or another setting. */
const notBeside: readonly (readonly [Setting, Oddity | Setting])[] = [
  ['overlay', 'kubenet'],
  ['overlay', 'ownCni'],
  ['ownCni', 'kubenet'],
  ['ownCni', 'nodeProvisioning'],
  ['ownCni', 'networkPolicy'],
  ['dualStack', 'kubenet'],
  // They set the same.
  ['disabledProxy', 'httpProxy'],
  ['spot', 'labels'],
];
const reimages: ReadonlySet<WorldScenario> = new Set(['isolate', 'changeRegistry', 'disable', 'reimage']);
const mayAccept: ReadonlySet<WorldScenario> = new Set(['isolate', 'changeRegistry', 'audit']);

/** Some switches away from their defaults. */
const moves = fc
  .uniqueArray(
    fc.constantFrom(
      ...Object.entries(azureSwitches).flatMap(([name, { values }]) =>
        values.slice(1).map((value) => ({ name, value })),
      ),
    ),
    { maxLength: 3, selector: ({ name }) => name },
  )
  .map((moved) => azureSwitchesIn(moved.map(({ name, value }) => `${name}=${value}`).join(',')).moves);

/** Worlds for these scenarios. They shrink to ordinary clusters without oddities. @param withSwitches Whether Azure answers in any way that it may. */
export const worldsOf = (scenarios: readonly WorldScenario[], withSwitches = false): fc.Arbitrary<DrawnWorld> =>
  fc
    .record({
      switches: withSwitches ? moves : fc.constant({}),
      scenario: fc.constantFrom(...scenarios),
      registry: fc.constantFrom('managed' as const, 'own' as const),
      apiServer: fc.oneof(
        { weight: 4, arbitrary: fc.constant('privateLink' as const) },
        { weight: 3, arbitrary: fc.constant('vnetIntegration' as const) },
        { weight: 1, arbitrary: fc.constant('public' as const) },
      ),
      network: fc.constantFrom('managed' as const, 'own' as const),
      isolated: fc.boolean(),
      has: fc.constantFrom('managed' as const, 'own' as const),
      settings: fc.subarray(settingNames, { maxLength: 3 }),
      neighbours: fc.boolean(),
      others: fc.array(user, { maxLength: 2 }),
      oddities: fc.uniqueArray(fc.constantFrom(...(Object.keys(oddities) as Oddity[])), { maxLength: 3 }),
      probes: fc.constantFrom('required' as const, 'ifAllowed' as const),
      accept: fc.oneof(
        { weight: 3, arbitrary: fc.constant<WayOut[]>([]) },
        { weight: 1, arbitrary: fc.subarray([...waysOut]) },
      ),
      image: fc.nat(3),
      marked: fc.boolean(),
      pods: fc.boolean(),
      deletes: fc.boolean(),
      outboundType: maybe(4, fc.constantFrom(...openOutboundTypes)),
      ladder: maybe(3, fc.shuffledSubarray<Rung>(['localDNS', 'patchUpgrade', 'temporaryPool'])),
      dryRun: maybe(1, fc.constant(true)),
      meanwhile: maybe(2, fc.record({ does: fc.constantFrom(...othersDoings), write: fc.integer({ min: 1, max: 5 }) })),
      fault: maybe(
        2,
        fc.record({
          kind: fc.constantFrom(...drawnFaults),
          request: fc.integer({ min: 0, max: 60 }),
        }),
      ),
    })
    .map(
      ({ scenario, isolated, others, dryRun, meanwhile, fault, image, outboundType, ladder, ...drawn }): DrawnWorld => {
        const isIsolated =
          isolatedBefore.has(scenario) || (scenario !== 'isolate' && scenario !== 'create' && isolated);
        const world: DrawnWorld = {
          ...drawn,
          scenario,
          // A cluster that is isolated never had a public API server.
          apiServer:
            drawn.apiServer === 'public' && (isIsolated || scenario === 'create') ? 'privateLink' : drawn.apiServer,
          isolated: isIsolated,
          has: isIsolated && drawn.network === 'own' ? drawn.has : 'managed',
          pools: [
            { mode: 'System', count: 1 },
            ...others.map((pool) => (pool.mode === 'System' ? { ...pool, count: 1 } : pool)),
          ],
          accept: mayAccept.has(scenario) ? drawn.accept : [],
          dryRun: dryRun === true && scenario !== 'audit',
          // Nodes that have the latest image are not reimaged.
          newImage: image > (scenario === 'reimage' ? 0 : 1),
          marked: drawn.marked && (scenario === 'delete' || scenario === 'changeRegistry'),
          pods: drawn.pods && drawn.network === 'own' && scenario !== 'create',
          deletes: drawn.deletes && (scenario === 'delete' || scenario === 'changeRegistry'),
          ...(outboundType !== undefined && scenario === 'disable' && { outboundType }),
          ...(ladder && reimages.has(scenario) && { ladder }),
          ...(meanwhile && scenario !== 'create' && canHappen(meanwhile.does, drawn) && { meanwhile }),
          ...(fault && { fault }),
        };
        const order = Object.keys(oddities) as Oddity[];
        const around: readonly string[] = [...world.oddities, ...world.settings];
        return {
          ...world,
          settings: world.settings.filter(
            (each) => !notBeside.some(([one, other]) => one === each && around.includes(other)),
          ),
          oddities: order.filter(
            (each) =>
              world.oddities.includes(each) &&
              oddities[each].possible(world) &&
              !(world.has === 'own' && notWithOwn.has(each)) &&
              !exclusive.some(([one, other]) => each === other && world.oddities.includes(one)),
          ),
        };
      },
    );

const canHappen = (does: OthersDoing, { network, registry }: Pick<DrawnWorld, 'network' | 'registry'>): boolean =>
  does === 'closeRegistry' ? registry === 'own' : network === 'own' || !['openSubnet', 'natGateway'].includes(does);

/** A world in words. */
export function wordsOf(world: DrawnWorld): string {
  const { scenario, registry, apiServer, network, isolated, has, pools, meanwhile, fault, accept, probes } = world;
  return [
    `${scenario} (${registry} registry${world.dryRun ? ', dry run' : ''})`,
    `${isolated ? `isolated (${has} registry)` : 'ordinary'} cluster, ${apiServer}, ${network} network`,
    `pools ${pools.map(({ mode, count }) => `${mode} ${count}`).join(', ')}`,
    ...(world.oddities.length > 0 ? [`with ${world.oddities.join(', ')}`] : []),
    ...(world.settings.length > 0 ? [`its owner has set ${world.settings.join(', ')}`] : []),
    ...(world.neighbours ? ['others in the group'] : []),
    ...(world.newImage ? ['a newer node image'] : []),
    ...(world.marked ? ['made by this product'] : []),
    ...(world.pods ? ['pods in a subnet of their own'] : []),
    ...(world.deletes ? ['what it leaves is to go'] : []),
    ...(world.ladder === undefined ? [] : [`ladder [${world.ladder.join(', ')}]`]),
    ...(world.outboundType === undefined ? [] : [`outbound type ${world.outboundType}`]),
    ...(probes === 'required' ? [] : [`probes ${probes}`]),
    ...(accept.length > 0 ? [`accepts ${accept.join(', ')}`] : []),
    ...(meanwhile ? [`meanwhile ${meanwhile.does} at write ${meanwhile.write}`] : []),
    ...(Object.keys(world.switches).length > 0 ? [`Azure: ${JSON.stringify(world.switches)}`] : []),
    ...(fault ? [`fault ${fault.kind} at request ${fault.request}`] : []),
  ].join('; ');
}
