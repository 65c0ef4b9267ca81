import { interruption } from '../local/interruption.ts';
import type { LiveAzure } from './azure.ts';
import { type CheckName, checkNames, checks, withNeeded } from './checks.ts';
import { deleteCluster } from './clusters.ts';
import type { Finding } from './findings.ts';
import { CheckStopped, type ClusterKey, groupName, type Live } from './live.ts';
import { expiry, hasEnded, type State, type StateFile } from './state.ts';
import { runTag } from './tags.ts';

export interface Run {
  readonly azure: LiveAzure;
  readonly file: StateFile;
  readonly chosen: readonly CheckName[];
  readonly vmSize: string;
  say(line: string): void;
}

/**
 * Makes the run's group and then the chosen checks, one after the other, that an earlier start has not ended.
 *
 * @throws Error that names the signal which has interrupted it, or where the group could not be made
 */
export async function runChecks(run: Run): Promise<void> {
  const { azure, file, chosen, say } = run;
  const { state } = file;
  const left = checksLeft(state, chosen);
  // Nothing is there any more of what they had begun.
  if (state.removed) for (const name of left) if (!hasEnded(state, name)) delete state.checks[name];
  interruption.throwIfAborted();
  await makeGroup(run);
  for (const [index, name] of left.entries()) {
    interruption.throwIfAborted();
    const { title, minutes, cluster } = checks[name];
    say(`\n${index + 1} of ${left.length}: ${title} (${name}, about ${minutes} min)`);
    await runCheck(run, name);
    const isLast = cluster !== undefined && !left.slice(index + 1).some((later) => checks[later].cluster === cluster);
    if (isLast) await release(run, cluster);
  }
  azure.check = '';
}

/** Checks that are still to be done. Where an earlier start has removed everything, a cluster that later checks look at is made again. */
export function checksLeft(state: State, chosen: readonly CheckName[]): CheckName[] {
  const open = chosen.filter((name) => !hasEnded(state, name));
  return state.removed ? withNeeded(open) : open;
}

async function makeGroup({ azure, file }: Run): Promise<void> {
  const { state } = file;
  // Before the request: one whose answer is lost may have made it.
  state.removed = false;
  state.expiresOn = expiry();
  file.save();
  azure.check = 'group';
  const { resourceGroups } = azure.clients.resources;
  const group = { location: state.location, tags: tagsOf(file) };
  const { value, last } = await azure.ask(() => resourceGroups.createOrUpdate(groupName(state.runId), group));
  if (!value) throw new Error(`The resource group was refused: ${azure.lastRefusal ?? last.status}`);
}

const tagsOf = ({ state }: StateFile): Record<string, string> => ({
  [runTag]: state.runId,
  expiresOn: state.expiresOn,
});

async function runCheck(run: Run, name: CheckName): Promise<void> {
  const { azure, file, say } = run;
  const { checks: done } = file.state;
  const live = liveOf(run, done[name] !== undefined);
  done[name] = { begun: true };
  file.save();
  azure.check = name;
  azure.lastRefusal = undefined;
  try {
    const missing = checks[name].needs.find((needed) => !hasEnded(file.state, needed));
    if (missing) throw new CheckStopped(`it needs what the check ${missing} makes`);
    done[name] = { begun: true, findings: await checks[name].run(live) };
    sayFindings(run, done[name].findings);
  } catch (error) {
    interruption.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    // Words of a network may hold names of the owner's, and the verdicts are for others.
    const { message: stopped, findings } =
      error instanceof CheckStopped ? error : { message: 'Azure did not answer as it should', findings: undefined };
    done[name] = { begun: true, stopped, ...(findings && { findings }) };
    sayFindings(run, findings);
    say(`  could not be made: ${why}`);
    if (azure.lastRefusal !== undefined) say(`  Azure says: ${azure.lastRefusal}`);
  } finally {
    azure.check = '';
    file.save();
  }
}

function sayFindings({ say }: Run, findings: readonly Finding[] = []): void {
  for (const finding of findings)
    say(
      `  ${finding.switch}: ${'position' in finding ? finding.position : 'unknown' in finding ? `unknown, ${finding.unknown}` : finding.otherwise}`,
    );
}

function liveOf({ azure, file, vmSize, say }: Run, isRepeated: boolean): Live {
  const { runId, subscriptionId, location, checks: done } = file.state;
  const findings = checkNames.flatMap((name) => done[name]?.findings ?? []);
  return { azure, runId, subscriptionId, location, vmSize, tags: tagsOf(file), findings, isRepeated, say };
}

/** Deletes a cluster that no later check looks at: it costs money. A deletion that fails here is tried again at the end of the run. */
async function release(run: Run, cluster: ClusterKey): Promise<void> {
  run.azure.check = 'release';
  const { managedClusters } = run.azure.clients.containerService;
  try {
    const { last } = await run.azure.ask(() => managedClusters.get(groupName(run.file.state.runId), cluster));
    if (last.status === 404) return;
    run.say(`Deletes the cluster ${cluster}.`);
    await deleteCluster(liveOf(run, false), cluster);
  } catch (error) {
    interruption.throwIfAborted();
    run.say(`  not yet: ${error instanceof Error ? error.message : String(error)}`);
  }
}
