import type { Look } from '../resources/nodes.ts';
import { now, pause } from './arm/clock.ts';

/**
 * In an operation, a look that failed is tried again for so long before the step fails with it. Right after a reimage, the pods through which commands
 * reach the cluster start anew on nodes of minutes; AKS gives the pod of a command 30 s, and says that a retry may help
 * (Microsoft troubleshooting, "Resolve az aks command invoke failures").
 */
export const operationBoundMs = 10 * 60_000;

/**
 * A look by itself is tried again for so long, and so is one command in it; the end of a command that has started is waited for as
 * long. Azure's own client gives up after five minutes, too. An attempt of a look ends after ten minutes.
 */
export const lookBoundMs = 5 * 60_000;

/**
 * A command that Azure forbids though the roles of the worker allow it is tried again for so long. New roles may take ten minutes (Learn, "Troubleshoot Azure
 * RBAC"), most are there sooner, and an attempt of a look must end in time for what comes after it.
 */
export const forbiddenBoundMs = 2 * 60_000;

/** Pause between looks: as long as AKS itself waits for the pod of a command. */
const lookPauseMs = 30_000;

/** Looks again for as long as a look fails, and no longer than that. */
export async function lookAgainWhile<T>(
  look: () => Promise<T>,
  failed: (seen: T) => boolean,
  boundMs: number,
): Promise<T> {
  const startedAt = now();
  for (;;) {
    const seen = await look();
    if (!failed(seen) || now() - startedAt > boundMs) return seen;
    await pause(lookPauseMs);
  }
}

/**
 * A look from inside a cluster. @param isPatient Whether one that failed is tried again, for whatever reason: a proof wants that, a
 * plan does not wait.
 */
export const retriedLook = <T>(look: () => Promise<Look<T>>, isPatient: boolean): Promise<Look<T>> =>
  isPatient
    ? lookAgainWhile(look, (seen) => 'unseen' in seen && seen.unseen.because === 'failed', lookBoundMs)
    : look();
