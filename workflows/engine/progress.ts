import { defineQuery, setCurrentDetails, setHandler, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { progressQuery, type Scenario, searchAttributes } from '../../contract/names.ts';
import { hasEnded, type Phase, type Progress, type StepProgress } from '../../contract/progress.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import { progressMarkdown } from './progressMarkdown.ts';
import { starterOf } from './starter.ts';

/** The keys that every scenario's input has. */
export interface CommonInput {
  cluster: ClusterReference;
  dryRun: boolean;
  /** Left out by scenarios that have no plan. */
  failOnProblems?: boolean;
  onFailure: 'rollBack' | 'hold' | 'leave';
  /** Left out where nothing can be held. */
  holdTimeoutMinutes?: number;
  /** Left out where nothing can be paused. */
  pauseTimeoutMinutes?: number;
  /** Left out where only Azure knows it. */
  registry?: { mode: string };
}

/** As many lines as a person reads; the report has all. */
const mostFound = 50;

const progressDefinition = defineQuery<Progress>(progressQuery);

/** Where a run stands: the answer of the query, the Web UI's current details, and the search attributes. */
export class RunProgress {
  readonly #progress: Progress;
  readonly #steps: () => StepProgress[];

  /** @param steps Where the steps stand now. */
  constructor(scenario: Scenario, { cluster, registry }: CommonInput, steps: () => StepProgress[]) {
    this.#steps = steps;
    const { startTime, memo } = workflowInfo();
    const startedAt = startTime.toISOString();
    this.#progress = {
      scenario,
      cluster: clusterId(cluster),
      ...starterOf(memo),
      phase: 'checking',
      revision: 0,
      startedAt,
      updatedAt: startedAt,
      steps: [],
      problems: [],
    };
    setHandler(progressDefinition, () => this.#progress, {
      description: 'Where the run stands: its phase, each step, and what it waits for.',
    });
    upsertSearchAttributes([
      { key: searchAttributes.scenario, value: scenario },
      { key: searchAttributes.cluster, value: cluster.name.toLowerCase() },
      { key: searchAttributes.resourceGroup, value: cluster.resourceGroup.toLowerCase() },
      ...(registry ? [{ key: searchAttributes.registryMode, value: registry.mode }] : []),
    ]);
  }

  get now(): Readonly<Progress> {
    return this.#progress;
  }

  /** A run that has ended is paused no more. */
  enter(phase: Phase): void {
    this.change({ phase, ...(hasEnded(phase) && { paused: undefined, pausedUntil: undefined }) });
    this.#showPhase();
  }

  /** Says first of all what the run has found. */
  tell(found: readonly string[]): void {
    this.change({ found: found.slice(0, mostFound) });
  }

  /** Shows that no further step starts, or that steps start again. */
  showPaused(paused: boolean, pausedUntil?: string): void {
    this.change({ paused: paused || undefined, pausedUntil });
    this.#showPhase();
  }

  /** Takes up a change, and where the steps stand by now. */
  change(change: { [K in keyof Progress]?: Progress[K] | undefined } = {}): void {
    Object.assign(this.#progress, change, {
      steps: this.#steps(),
      revision: this.#progress.revision + 1,
      updatedAt: new Date().toISOString(),
    });
    setCurrentDetails(progressMarkdown(this.#progress));
  }

  /** The search attribute spells phases as Azure spells states. */
  #showPhase(): void {
    const { paused, phase } = this.#progress;
    const value = paused ? 'Paused' : `${phase.charAt(0).toUpperCase()}${phase.slice(1)}`;
    upsertSearchAttributes([{ key: searchAttributes.phase, value }]);
  }
}
