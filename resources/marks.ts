/**
 * The infrastructure around a cluster: what it is to be (specifications), what Azure shows of it (facts), and what
 * differs. Properties are spelled as Azure spells them.
 */

/** What says whose a resource is: its tags, the metadata of a record set, or the description of a role assignment. */
export type Marks = Record<string, string>;

/** Whether a resource carries every one of these marks. */
export const carriesMarks = (carried: Marks, marks: Marks): boolean =>
  Object.entries(marks).every(([key, value]) => carried[key] === value);

/** The marks that say whose a resource is; other tags may be changed by anybody, such as an Azure Policy. */
export const marksIn = (marks: Marks = {}): Marks =>
  Object.fromEntries(Object.values(markTags).flatMap((key) => (marks[key] === undefined ? [] : [[key, marks[key]]])));

/** Tags on everything that a scenario creates; undo removes nothing that does not carry its own run's. */
export const markTags = { workflow: 'aks-isolation-workflow', run: 'aks-isolation-run' } as const;
