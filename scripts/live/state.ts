import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { CheckName } from './checks.ts';
import type { Finding } from './findings.ts';
import type { Replacements } from './neutral.ts';

/** Facts that a run keeps of itself, so that a later start goes on where it stopped, or takes away what it has left. */
export interface State {
  readonly runId: string;
  readonly subscriptionId: string;
  readonly location: string;
  /** A day after the last start, for everything that it has made. */
  expiresOn: string;
  /** Checks that were begun, with what stopped them and what they have found: see {@link hasEnded}. */
  readonly checks: Partial<Record<CheckName, { begun: true; stopped?: string; findings?: Finding[] }>>;
  /** Real values and what stands for them in the recording: the only place where they are. */
  readonly replacements: Replacements;
  /** Whether nothing of it is left in Azure. */
  removed: boolean;
  /** Whether all its checks have ended. */
  finished: boolean;
}

/** Whether a check was made to its end. One that was stopped may have found something before. */
export const hasEnded = ({ checks }: State, name: CheckName): boolean =>
  checks[name]?.findings !== undefined && checks[name].stopped === undefined;

/** Keeps the state of a run in a folder. */
export class StateFile {
  readonly #folder: string;
  readonly state: State;

  constructor(folder: string, state: State) {
    this.#folder = folder;
    this.state = state;
  }

  /** The file of this run with a name. */
  path(name: string): string {
    return join(this.#folder, `${this.state.runId}-${name}`);
  }

  save(): void {
    mkdirSync(this.#folder, { recursive: true });
    writeFileAtomic.sync(join(this.#folder, stateName), `${JSON.stringify(this.state, null, 2)}\n`, { mode: 0o600 });
  }
}

const stateName = 'state.json';

/** The state of the last run. @returns undefined where there is none, or none that can be read */
export function lastState(folder: string): State | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, stateName), 'utf8')) ?? undefined;
  } catch {
    return undefined;
  }
}

/** In a day: a run takes hours, and what is left after that is nobody's. */
export const expiry = (): string => new Date(Date.now() + 24 * 3_600_000).toISOString();

export const newState = (subscriptionId: string, location: string): State => ({
  // Letters and digits, for the name of a registry.
  runId: `r${randomBytes(4).toString('hex')}`,
  subscriptionId,
  location,
  expiresOn: expiry(),
  checks: {},
  replacements: {},
  removed: true,
  finished: false,
});
