import { patched } from '@temporalio/workflow';

/**
 * Looks into one cluster, one after the other: the pod of each command wants 200m of CPU and 500Mi of memory, and a small cluster has
 * no room for several (Azure/aks-command-runtime). The workflow puts them in order, whichever worker takes which: a worker that kept
 * the turns would know nothing of the others. Pools that are reimaged at the same time, and audits beside a run, may still meet:
 * a command that finds no room is tried again. Earlier runs look at everything at once.
 *
 * @returns what each saw, in the same order
 */
export async function inTurn<const L extends readonly (() => Promise<unknown>)[]>(looks: L): Promise<Seen<L>> {
  if (looks.length < 2 || !patched('looks-in-turn')) return (await Promise.all(looks.map((look) => look()))) as Seen<L>;
  const seen: unknown[] = [];
  for (const look of looks) seen.push(await look());
  return seen as Seen<L>;
}

type Seen<L extends readonly (() => Promise<unknown>)[]> = { -readonly [I in keyof L]: Awaited<ReturnType<L[I]>> };
