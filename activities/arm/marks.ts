import { v5 as uuidv5 } from 'uuid';
import { keyOf } from '../../resources/ids.ts';
import { type Marks, markTags, subnetsTag, usedByPrefix } from '../../resources/marks.ts';

/** Namespace of the values that bind marks to their resource, made at random. */
const namespace = '0c5b4a3e-6d0e-4c5f-9a44-5a1f3f0d7f52';

/**
 * The value that binds the marks of a run to one resource. A policy may copy tags from a resource group to all that is in it, and
 * people copy tags by hand: on another resource the value does not fit.
 */
const bindingOf = (id: string, { [markTags.workflow]: workflow = '', [markTags.run]: run = '' }: Marks): string =>
  uuidv5([keyOf(id), workflow, run].join('|'), namespace);

/** Tags or metadata with what binds the run's marks among them to this resource. */
export const boundTo = (id: string, tags: Readonly<Record<string, string>>): Record<string, string> =>
  tags[markTags.workflow] === undefined ? { ...tags } : { ...tags, [markTags.resource]: bindingOf(id, tags) };

/**
 * The marks among the tags of a resource, and those of its users; no marks where they are not bound to it. Anybody may change other
 * tags, a policy for example.
 */
export function marksOn(id: string, tags: Readonly<Record<string, string>> = {}): Marks {
  const isBound = tags[markTags.resource] === bindingOf(id, tags);
  const names: readonly string[] = isBound ? [...Object.values(markTags), subnetsTag] : [];
  return Object.fromEntries(
    Object.entries(tags).filter(([key]) => names.includes(key) || key.startsWith(usedByPrefix)),
  );
}

/** The second mark: it says that the cluster of these marks uses what was made for another. Each user has a tag of its own. */
export function usedByTag({ [markTags.workflow]: workflow = '' }: Marks): Record<string, string> {
  return { [`${usedByPrefix}${uuidv5(workflow, namespace).slice(0, 8)}`]: workflow };
}

/** Tags without marks that are not bound to their resource, and so say nothing of it. */
export function withoutCopiedMarks(id: string, tags: Readonly<Record<string, string>> = {}): Record<string, string> {
  const others = Object.entries(tags).filter(([key]) => !Object.values<string>(markTags).includes(key));
  return { ...Object.fromEntries(others), ...marksOn(id, tags) };
}
