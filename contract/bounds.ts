import { type Problem, pathText } from './problem.ts';

/**
 * Bounds on any input, far above what one needs. Schemas nest four deep at most. A cluster of 100 node pools with 100 labels
 * each has 12,000 values, no list or map of a schema takes more than 100 entries, and its longest text is a note of 2,000
 * characters.
 */
const most = { depth: 8, entries: 1_000, values: 50_000, characters: 4_096 };

/** Faults of a value that no schema has to know. */
interface Unsound {
  /** It is too large, or too little like JSON, to be looked at any further. */
  tooLarge: Problem[];
  /** It has what cannot be passed on as it is. */
  unusable: Problem[];
}

/**
 * Looks at an input before its schema does. Schemas look at all that they are given, however much it is, and leave out
 * `__proto__` without a word.
 */
export function unsoundParts(input: unknown): Unsound {
  const found: Unsound = { tooLarge: [], unusable: [] };
  const left: { value: unknown; path: readonly PropertyKey[] }[] = [{ value: input, path: [] }];
  let values = 0;
  // A loop, for recursion ends where the stack does.
  for (let next = left.pop(); next; next = left.pop()) {
    const { value, path } = next;
    const where = pathText(path);
    values += 1;
    if (values > most.values) {
      found.tooLarge.push({ where: '(input)', problem: `more than ${most.values} values`, whatToDo: fewer });
      return found;
    }
    if (typeof value === 'string') lookAtText(value, where, found);
    if (typeof value !== 'object' || value === null) continue;
    if (ArrayBuffer.isView(value)) {
      found.tooLarge.push({ where, problem: 'binary data', whatToDo: 'Give JSON.' });
      continue;
    }
    const entries: readonly [PropertyKey, unknown][] = Array.isArray(value)
      ? [...value.entries()]
      : Object.entries(value);
    if (path.length >= most.depth && entries.length > 0) {
      found.tooLarge.push({ where, problem: 'nested too deeply', whatToDo: fewer });
    } else if (entries.length > most.entries) {
      found.tooLarge.push({ where, problem: `${entries.length} entries are too many`, whatToDo: fewer });
    } else {
      // The last one put there is looked at first.
      for (const [key, entry] of entries.toReversed()) {
        if (typeof key === 'string') lookAtKey(key, [...path, key], found);
        left.push({ value: entry, path: [...path, key] });
      }
    }
  }
  return found;
}

const fewer = 'Give less: the JSON Schema says how much it takes.';

function lookAtText(text: string, where: string, { tooLarge, unusable }: Unsound): void {
  if (text.length > most.characters) {
    tooLarge.push({ where, problem: `a text of ${text.length} characters is too long`, whatToDo: fewer });
  } else if (!text.isWellFormed()) {
    unusable.push({ where, problem: 'half a character', whatToDo: 'Correct its encoding: it has a lone surrogate.' });
  }
}

function lookAtKey(key: string, path: readonly PropertyKey[], found: Unsound): void {
  if (key === '__proto__') {
    const whatToDo = 'Use another name: JavaScript has a meaning of its own for this one.';
    found.unusable.push({ where: pathText(path), problem: 'not a usable key', whatToDo });
  }
  lookAtText(key, pathText(path), found);
}
