import { aksServerApplication } from '../../../activities/runCommand.ts';
import { isPassing } from '../azure.ts';
import { command, lookInside, startedLate } from '../clusters.ts';
import { errorCode, exchangeText } from '../exchanges.ts';
import type { Finding } from '../findings.ts';
import { CheckStopped, type Live } from '../live.ts';

/** Runs a command in the cluster without local accounts: with the token of whoever runs it, and without. */
export async function checkEntra(live: Live): Promise<Finding[]> {
  const token = await live.azure.clients.credential.getToken(`${aksServerApplication}/.default`);
  if (!token) throw new CheckStopped('the identity gets no token for the API servers of AKS');
  const { ran, last } = await lookInside(live, 'own', 'kubectl get nodes', token.token);
  // An identity that may not list nodes there has signed in all the same.
  live.say(`  with a token: kubectl ended with ${ran.exitCode}`);
  for (let tries = 0; tries < 20; tries += 1) {
    const without = await command(live, 'own', 'true');
    const shownBy = [last, without.first];
    if (without.ran) return [{ switch: 'commandToken', position: 'ignored', shownBy }];
    const { status } = without.first;
    // 409: the cluster is busy.
    if (!startedLate(without) && !isPassing(without.first) && status !== 409) {
      const isRefused = status >= 400 && status !== 404 && errorCode(without.first) !== 'AuthorizationFailed';
      return [
        isRefused
          ? { switch: 'commandToken', position: 'required', shownBy }
          : { switch: 'commandToken', unknown: `it ended as ${exchangeText(without.last)}`, shownBy },
      ];
    }
    await live.azure.wait(30);
  }
  return [{ switch: 'commandToken', unknown: 'no command without a token started in time', shownBy: [last] }];
}
