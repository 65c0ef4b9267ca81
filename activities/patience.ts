import type { Look } from '../resources/nodes.ts';
import { now, pause } from './arm/clock.ts';

/**
 * A look that failed is tried again for as long, before a step fails with it. Right after a reimage, the pods through which commands
 * reach the cluster start anew on nodes of minutes; AKS gives the pod of a command 30 s, and says that a retry may help
 * (Microsoft troubleshooting, "Resolve az aks command invoke failures").
 */
export const operationPatienceMs = 10 * 60_000;

/**
 * Of a look by itself, of one command in it, and of the end of a command that has started: Azure's own client gives up after
 * five minutes, too. An attempt of a look ends after ten minutes.
 */
export const lookPatienceMs = 5 * 60_000;

/**
 * Of a command that Azure forbids though the roles of the worker allow it. New roles may take ten minutes (Learn, "Troubleshoot Azure
 * RBAC"), most are there sooner, and an attempt of a look must end in time for what comes after it.
 */
export const forbiddenPatienceMs = 2 * 60_000;

/** Pause between looks: as long as AKS itself waits for the pod of a command. */
const lookPauseMs = 30_000;

/** Looks again for as long as a look fails, and no longer than that. */
export async function patiently<T>(
  look: () => Promise<T>,
  failed: (seen: T) => boolean,
  patienceMs: number,
): Promise<T> {
  const startedAt = now();
  for (;;) {
    const seen = await look();
    if (!failed(seen) || now() - startedAt > patienceMs) return seen;
    await pause(lookPauseMs);
  }
}

/**
 * A look from inside a cluster. @param isPatient Whether one that failed is tried again, for whatever reason: a proof wants that, a
 * plan does not wait.
 */
export const lookPatiently = <T>(look: () => Promise<Look<T>>, isPatient: boolean): Promise<Look<T>> =>
  isPatient ? patiently(look, (seen) => 'unseen' in seen && seen.unseen.because === 'failed', lookPatienceMs) : look();
