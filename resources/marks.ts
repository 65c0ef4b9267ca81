/** Marks tell whose a resource is. They stand in its tags, in the metadata of a record set, or in the description of a role assignment. */
export type Marks = Record<string, string>;

/** Whether a resource carries every one of these marks. */
export const carriesMarks = (carried: Marks, marks: Marks): boolean =>
  Object.entries(marks).every(([key, value]) => carried[key] === value);

/** The marks among tags. Anybody may change other tags, an Azure Policy for example. */
export const marksIn = (tags: Record<string, string> = {}): Marks =>
  Object.fromEntries(Object.values(markTags).flatMap((key) => (tags[key] === undefined ? [] : [[key, tags[key]]])));

/** Names of the marks on everything that a scenario creates. Undo removes only resources that carry the marks of its own run. */
export const markTags = { workflow: 'aks-isolation-workflow', run: 'aks-isolation-run' } as const;
