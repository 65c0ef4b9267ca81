import type { ScenarioEnding, ScenarioHandle } from '../client/index.ts';
import { allPrintable } from './text/printable.ts';

/** Waits for the end of a run, and says how it came, in words that cannot steer the terminal. */
export const endingOf = async (run: ScenarioHandle): Promise<ScenarioEnding> => allPrintable(await run.ending());
