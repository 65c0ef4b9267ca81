/** Marks tell whose a resource is. They stand in its tags, in the metadata of a record set, or in the description of a role assignment. */
export type Marks = Record<string, string>;

/** Whether a resource carries every one of these marks. */
export const carriesMarks = (carried: Marks, marks: Marks): boolean =>
  Object.entries(marks).every(([key, value]) => carried[key] === value);

/**
 * Names of the marks on everything that a scenario creates. Undo removes only resources that carry the marks of its own run.
 * `resource` binds the other two to the resource that they are on: copied to another, they say nothing.
 */
export const markTags = {
  workflow: 'aks-isolation-workflow',
  run: 'aks-isolation-run',
  resource: 'aks-isolation-resource',
} as const;

/** On a network: the names of the subnets that were made with it. Others are somebody else's. */
export const subnetsTag = 'aks-isolation-subnets';

/** The marks that tell whose something is, among the tags that it is to have. */
export const ownMarks = ({ [markTags.workflow]: workflow, [markTags.run]: run }: Record<string, string>): Marks => ({
  ...(workflow !== undefined && { [markTags.workflow]: workflow }),
  ...(run !== undefined && { [markTags.run]: run }),
});

/** On the temporary copy of a node pool: the name of the pool for which it stands. */
export const copyOfTag = 'aks-isolation-copy-of';

/** On a pool whose LocalDNS mode has been changed for a while: the mode that it had, or `none`. */
export const formerLocalDnsTag = 'aks-isolation-former-local-dns';

/** On a pool whose `maxSurge` has been raised for a while: the one that it had, and the one that it has. */
export const formerMaxSurgeTag = 'aks-isolation-former-max-surge';

/** Tags without the marks, which do not come along where one's settings are another one's. */
export const withoutMarks = (tags: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(tags).filter(
      ([key]) => ![...Object.values<string>(markTags), copyOfTag, formerLocalDnsTag, formerMaxSurgeTag].includes(key),
    ),
  );

/** Begins the name of the second mark, which says that a cluster uses what was made for another. Each user has a tag of its own. */
export const usedByPrefix = 'aks-isolation-used-by-';

/** Whether a resource was made by this product for another cluster than that of these marks. */
export const isOfAnotherCluster = (carried: Marks, { [markTags.workflow]: own }: Marks): boolean =>
  carried[markTags.workflow] !== undefined && carried[markTags.workflow] !== own;

const secondMarks = (carried: Marks): [string, string][] =>
  Object.entries(carried).filter(([key]) => key.startsWith(usedByPrefix));

/** Whether the cluster of these marks has left its second mark. */
export const hasSecondMark = (carried: Marks, { [markTags.workflow]: own }: Marks): boolean =>
  secondMarks(carried).some(([, workflow]) => workflow === own);

/** Where to look for the second mark of the cluster of these marks. */
export interface MarkSearch {
  marks: Marks;
  subscriptionIds: string[];
  /** Zones, whose records no list of tags has. */
  zoneIds: string[];
}

/** In words, the clusters beside that of these marks which have left a second mark. */
export const markedUsers = (carried: Marks, { [markTags.workflow]: own }: Marks): string[] =>
  secondMarks(carried)
    .filter(([, workflow]) => workflow !== own)
    .map(([key, workflow]) => `${workflow} uses it, says its tag ${key}`);
