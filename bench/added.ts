import type { Item } from './item.ts';
import { type Place, startPlace } from './place.ts';
import { clusterNamed, measuredScenarios } from './scenarios.ts';

/** A creation takes ten seconds, nearly all of which its worker waits. */
const speed = 60;
const creations = 12;
/** So few that the runs wait for them, and not for this machine. */
const activitySlots = 4;
/** Twice the slots are half the time, but for what a run takes alone. */
const mostOfTime = 0.75;

/** Creations that wait for the slots of one worker, and then as many with another worker beside it. */
export const added: Item = async ({ onProgress }) => {
  const place = await startPlace(speed, onProgress);
  try {
    await place.startWorker(activitySlots);
    onProgress(`Makes ${creations} clusters by one worker of ${activitySlots} slots, then as many by two.`);
    const alone = await secondsOf(place, 'one');
    await place.startWorker(activitySlots);
    const together = await secondsOf(place, 'two');
    return [
      {
        name: 'time with two workers, beside one',
        unit: 'ratio',
        better: 'lower',
        limit: mostOfTime,
        values: [together / alone],
      },
    ];
  } finally {
    await place.close();
  }
};

/** @throws unless every one is verified */
async function secondsOf(place: Place, prefix: string): Promise<number> {
  const since = performance.now();
  const runs = await Promise.all(
    Array.from({ length: creations }, (_, index) =>
      measuredScenarios['create-managed'].start({
        ...place,
        client: place.aks,
        cluster: clusterNamed(`${prefix}${index}`),
      }),
    ),
  );
  const results = await Promise.all(runs.map((run) => run.result()));
  const unverified = results.find(({ outcome }) => outcome !== 'verified');
  if (unverified) throw new Error(`A creation ended ${unverified.outcome}`);
  return (performance.now() - since) / 1000;
}
