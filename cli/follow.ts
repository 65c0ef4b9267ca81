import type { ScenarioHandle } from '../client/index.ts';
import type { Progress } from '../contract/index.ts';
import { nodesOf } from './nodes.ts';
import type { Session } from './session.ts';
import { allPrintable } from './text/printable.ts';
import { ChangeLines, type Estimates, progressScreen, waitingLines } from './text/progress.ts';

/** Durations are redrawn, and nodes are counted, this often. */
const redrawMs = 1_000;

/**
 * Shows a run until it ends: drawn over on a terminal, elsewhere in plain lines.
 *
 * @param usualMs How long steps of a kind usually take.
 * @param each Called with each progress.
 * @throws Interrupted by Ctrl-C. The run goes on.
 */
export async function follow(
  session: Session,
  run: ScenarioHandle,
  usualMs: ReadonlyMap<string, number>,
  each: (progress: Progress) => void = () => undefined,
): Promise<void> {
  const { aks, terminal } = session;
  const screen = terminal.screen();
  const changes = new ChangeLines();
  let last: Progress | undefined;
  let waited = '';
  let estimates: Estimates = { nodes: new Map(), usualMs };
  const draw = (): void => {
    if (!last) return;
    if (screen) {
      const waits = waitingLines(last, run.workflowId).join('\n');
      if (waits !== '' && waits !== waited) {
        // Written past the view, which would break a command at the window's edge.
        screen.clear();
        terminal.say(waits);
      }
      waited = waits;
      screen(progressScreen(last, estimates, run.workflowId, terminal.size, terminal.paint));
    } else for (const line of changes.next(last, estimates, run.workflowId)) terminal.say(line);
  };
  const count = async (): Promise<void> => {
    if (last) estimates = { nodes: await nodesOf(aks.temporal, run, last), usualMs };
    draw();
  };
  // Counts are for people only: one that fails is not missed.
  const timer = setInterval(() => void count().catch(() => undefined), redrawMs);
  const progress = run.watch();
  try {
    for (;;) {
      const { done, value } = await session.patiently(() => progress.next());
      if (done) return;
      last = allPrintable(value);
      each(value);
      draw();
    }
  } finally {
    clearInterval(timer);
    // Nobody waits for the next one any more.
    void progress.return();
    screen?.done();
  }
}
