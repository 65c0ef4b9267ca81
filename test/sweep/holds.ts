import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { ScenarioHandle } from '../../client/index.ts';
import type { Decision, Progress } from '../../contract/index.ts';
import { type CaseKind, caseKinds, type Effect, type FaultKind, faultKinds, type HoldKind, isIn } from './kinds.ts';
import { bySomebodyElse, isSomebodyElses } from './others.ts';
import type { Slot } from './scenarios.ts';
import { others } from './slot.ts';

/** The fault that makes the step fail, and what goes wrong at the n-th request after the decision. */
export interface Hold {
  fails: FaultKind;
  second: CaseKind;
  after: number;
}

/** Faults by which a step fails for good, whether or not the request had taken effect. */
const failing = ['refused', 'forbidden', 'operation-failed'] as const satisfies FaultKind[];

/** A second fault, or others' doing, for a step that fails by a request. */
export function drawHold(random: RandomGenerator, possible: (kind: FaultKind) => boolean): Hold {
  const pick = <T>(all: readonly T[]): T => all[uniformInt(random, 0, all.length - 1)] as T;
  const seconds = caseKinds.filter((kind) => isIn('faults', kind) || isIn('others', kind) || isIn('policies', kind));
  return { fails: pick(failing.filter(possible)), second: pick(seconds), after: pick([0, 0, 1, 2, 3, 5, 8, 13, 21]) };
}

export const holdText = ({ fails, second, after }: Hold): string => `${fails}/${second}/${after}`;

export function parsedHold(text: string): Hold {
  const [fails, second, after] = text.split('/');
  const hold = { fails: fails as FaultKind, second: second as CaseKind, after: Number(after) };
  if (!(hold.fails in faultKinds) || !caseKinds.includes(hold.second) || !Number.isInteger(hold.after))
    throw new Error(`Not a hold: ${text}. Use for example "refused/drop-after/3".`);
  return hold;
}

const decisionOf: Readonly<Record<HoldKind, Decision>> = {
  'hold-retry': 'retry',
  'hold-rollBack': 'rollBack',
  'hold-leave': 'leave',
  leave: 'leave',
};

/** Decides whenever the run asks: as the kind says at first, and then so that it comes to an end. */
export async function decide(slot: Slot, run: ScenarioHandle, kind: HoldKind, hold: Hold): Promise<void> {
  let asked = 0;
  for await (const progress of run.watch(25)) {
    if (progress.phase !== 'waitingForOperator' || progress.hold === undefined) continue;
    if (asked === 0) await disturb(slot, hold);
    asked += 1;
    await run.decide(answer(decisionOf[kind], asked, progress), progress.hold).catch(() => undefined);
  }
}

const mostRetries = 3;

function answer(wanted: Decision, asked: number, { decisions = [] }: Progress): Decision {
  const first = asked > mostRetries && wanted === 'retry' ? 'rollBack' : wanted;
  return [first, 'rollBack' as const, 'leave' as const].find((each) => decisions.includes(each)) ?? 'leave';
}

async function disturb(slot: Slot, { second, after }: Hold): Promise<void> {
  if (isSomebodyElses(second)) {
    await others(slot, { path: '^/subscriptions', after, does: bySomebodyElse[second].does });
    return;
  }
  const { effect, only }: Effect = faultKinds[second as FaultKind];
  await slot.azure.fault({ method: only === undefined ? '*' : 'PUT', path: '^/subscriptions', after, ...effect });
}
