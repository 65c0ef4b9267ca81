import type { Truth } from '../../simulator/index.ts';
import { type Effect, type FaultKind, faultKinds } from '../sweep/kinds.ts';
import { oddity } from './oddities.ts';
import type { OthersDoing } from './shape.ts';
import type { DrawnWorld } from './world.ts';

/** Facts of a world that may be a reason for what a run says. */
export interface Reasons {
  world: DrawnWorld;
  /** The fault that acted, and what somebody else did; left out if they did not. */
  fault: FaultKind | undefined;
  others: OthersDoing | undefined;
  truthBefore: Truth | undefined;
}

/** Every text has a reason: something odd about the world, the fault that acted, or what somebody else did. */
export function explained(
  texts: readonly string[],
  { world, fault, others, truthBefore }: Reasons,
  what: string,
): string[] {
  const has = (text: string) =>
    isExplained(text, world) ||
    (fault !== undefined && wordsOfFault(fault).test(text)) ||
    (others !== undefined && wordsOfDoing[others].test(text));
  return [
    ...texts.filter((text) => deniesWay(text, world, truthBefore)).map((text) => `${what} is not so: ${text}`),
    ...texts.filter((text) => !has(text)).map((text) => `${what} has no reason in this world: ${text}`),
  ];
}

/** A connection that broke or hung names itself; all others their code. */
function wordsOfFault(kind: FaultKind): RegExp {
  const { effect }: Effect = faultKinds[kind];
  const code = effect.answer?.code ?? effect.operation?.code;
  if (code !== undefined) return new RegExp(code);
  if (effect.proxy) return /UnreadableAnswer|Unreachable|HTTP \d+/;
  if (effect.unseenSeconds !== undefined) return /NotFound|NotShown|ReadBackMismatch|not there|absent/;
  return /Unreachable|timed? ?out|Timeout/i;
}

const wordsOfDoing: Readonly<Record<OthersDoing, RegExp>> = {
  addPool: /late|OperationInProgress|OperationNotAllowed|EtagMismatch/,
  publicService: /public/i,
  openSubnet: /outbound access|defaultOutboundAccess|open/i,
  natGateway: /NAT gateway|natGateway|open/i,
  closeRegistry: /Registry|registry|Failed/,
};

/** Ways out that the oracle tells, by the names under which an input accepts them. */
const waysByName = {
  natGateway: 'natGateway',
  defaultRoute: 'route',
  nodePublicAddresses: 'publicAddress',
  defaultOutboundAccess: 'defaultOutboundAccess',
} as const;

/** Whether it says that there is no such way out, and there is. A gateway that AKS manages goes with the outbound type. */
function deniesWay(text: string, { network }: DrawnWorld, truth: Truth | undefined): boolean {
  const [, name = ''] = /the cluster has nothing like (\w+)/.exec(text) ?? [];
  const kind = Object.entries(waysByName).find(([way]) => way === name)?.[1];
  return (
    network === 'own' &&
    (truth?.nodes ?? []).some(({ waysOut }) => waysOut.some((way) => way.kind === kind && way.closedBy === undefined))
  );
}

export const oddsExplain = ({ oddities }: DrawnWorld, text: string): boolean =>
  oddities.some((name) => oddity(name).explains.test(text));

/** Reasons that need no oddity. */
function isExplained(text: string, world: DrawnWorld): boolean {
  if (oddsExplain(world, text)) return true;
  if (world.apiServer === 'public' && /public/.test(text)) return true;
  // Azure does not make every move, and the owner's network need not have what an outbound type asks for.
  if (
    world.outboundType !== undefined &&
    /Azure does not change|is on this subnet, as outbound type \w+ wants/.test(text)
  )
    return true;
  if (world.switches.managedRegistryOnDelete === 'stays' && /AKS has left it/.test(text)) return true;
  // AKS's zone stays linked with its registry.
  if (world.switches.managedRegistryOnChange === 'stays' && /overlapping namespaces/.test(text)) return true;
  // A resource that somebody else has made, or uses, does not go.
  if (world.deletes && /was not made by this product|is in use|no zone with records/.test(text)) return true;
  // An ordinary cluster is not isolated, an isolated one need not be.
  if (/the cluster has nothing like/.test(text)) return true;
  // A managed registry is found by none of the subscriptions of another one.
  if (world.network === 'managed' && world.registry === 'own' && /network|subnet/i.test(text)) return true;
  // The owner's zone for the present registry is linked to the network, and Azure allows a network one zone of a name.
  if (world.has === 'own' && world.registry === 'managed' && /linked to this zone/.test(text)) return true;
  // Without a temporary pool, a ladder ends where AKS makes no node anew for what is changed.
  if (world.ladder && !world.ladder.includes('temporaryPool') && /NotReimaged|not reimaged/.test(text)) return true;
  // Nodes that have the latest image are not reimaged.
  return world.scenario === 'reimage' && !world.newImage && /NotReimaged|newer node image/i.test(text);
}
