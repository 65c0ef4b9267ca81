import type { RunEvent } from '../../contract/events.ts';
import type { Progress } from '../../contract/progress.ts';
import { shortened } from '../../contract/shortened.ts';

/** As much as a person reads in a message. */
const most = { texts: 20, textBytes: 1_000 };

/** How a run stands, for somebody who looks at nothing else. */
export function eventData(progress: Readonly<Progress>): RunEvent['data'] {
  const { scenario, cluster, phase, awaitingApproval, decisions, byDefault, answers = [], startedBy } = progress;
  const until = untilWhen(progress);
  return {
    scenario,
    cluster,
    phase,
    reason: bounded(reasons(progress)),
    whatToDo: bounded([...progress.steps, ...progress.problems].map(({ whatToDo }) => whatToDo)),
    correlationIds: bounded(progress.steps.map(({ correlationId }) => correlationId)),
    ...(awaitingApproval && { gates: [...awaitingApproval] }),
    ...(decisions && { decisions: [...decisions] }),
    ...(until !== undefined && { until }),
    ...(byDefault && { byDefault }),
    answers: [...answers],
    ...(startedBy !== undefined && { startedBy }),
  };
}

function reasons({ found = [], awaitingApproval = [], steps, problems }: Progress): string[] {
  return [
    ...found,
    ...awaitingApproval.map((gate) => `Waits for the approval of ${gate}`),
    ...steps.flatMap(({ title, error }) => (error === undefined ? [] : [`${title}: ${error}`])),
    ...problems.map(({ where, problem }) => `${where}: ${problem}`),
  ];
}

/** The end of the wait that ends first. ISO times of one zone sort as texts. */
function untilWhen({ decideBy, approveBy = {} }: Progress): string | undefined {
  return [...Object.values(approveBy), ...(decideBy === undefined ? [] : [decideBy])].sort()[0];
}

const bounded = (texts: readonly (string | undefined)[]): string[] =>
  [...new Set(texts)].flatMap((text) => (text ? [shortened(text, most.textBytes)] : [])).slice(0, most.texts);
