/** The question to a condition of a role assignment. */
export interface Asked {
  readonly action: string;
  /** Values of attributes by name, such as `Microsoft.ContainerRegistry/registries/repositories:name`. */
  readonly attributes: Readonly<Record<string, string>>;
}

const token = /\s*(\(|\)|!|\{|\}|,|'(?:[^']*)'|@\w+\[[^\]]*\]|[\w:]+)/gy;

/**
 * Whether a condition holds: `AND`, `OR`, `!`, parentheses, `ActionMatches{'…'}`, and comparisons of one attribute with texts.
 * Everything else does not hold, because Azure grants nothing that it cannot evaluate.
 *
 * @see https://learn.microsoft.com/azure/role-based-access-control/conditions-format
 */
export function conditionHolds(condition: string, asked: Asked): boolean {
  try {
    const parser = new Parser(tokensOf(condition), asked);
    return parser.whole();
  } catch {
    return false;
  }
}

function tokensOf(text: string): string[] {
  const found = [...text.matchAll(token)].map(([, one = '']) => one);
  if (found.join('').replaceAll(/\s/g, '') !== text.replaceAll(/\s/g, '')) throw new Error('not a condition');
  return found;
}

class Parser {
  readonly #tokens: string[];
  readonly #asked: Asked;

  constructor(tokens: string[], asked: Asked) {
    this.#tokens = tokens;
    this.#asked = asked;
  }

  whole(): boolean {
    const value = this.#or();
    if (this.#tokens.length > 0) throw new Error('more than one expression');
    return value;
  }

  #or(): boolean {
    let value = this.#and();
    while (this.#takes(/^OR$/i)) value = this.#and() || value;
    return value;
  }

  #and(): boolean {
    let value = this.#not();
    while (this.#takes(/^AND$/i)) value = this.#not() && value;
    return value;
  }

  #not(): boolean {
    if (this.#takes(/^(!|NOT)$/i)) return !this.#not();
    if (this.#takes(/^\($/)) {
      const value = this.#or();
      if (!this.#takes(/^\)$/)) throw new Error('no closing parenthesis');
      return value;
    }
    return this.#comparison();
  }

  #comparison(): boolean {
    if (this.#takes(/^ActionMatches$/i)) return this.#texts().some((pattern) => matches(pattern, this.#asked.action));
    const attribute = /^@(?:Request|Resource)\[(.*)\]$/i.exec(this.#next())?.[1];
    if (attribute === undefined) throw new Error('not an attribute');
    const operator = this.#next().replace(/^ForAnyOfAnyValues:/i, '');
    const wanted = this.#texts();
    const value = this.#asked.attributes[attribute];
    return value !== undefined && wanted.some((one) => compare(operator, value, one));
  }

  /** One text, or several in braces. */
  #texts(): string[] {
    const inBraces = this.#takes(/^\{$/);
    const found: string[] = [];
    do found.push(text(this.#next()));
    while (inBraces && this.#takes(/^,$/));
    if (inBraces && !this.#takes(/^\}$/)) throw new Error('no closing brace');
    return found;
  }

  #next(): string {
    const next = this.#tokens.shift();
    if (next === undefined) throw new Error('it ends too early');
    return next;
  }

  #takes(pattern: RegExp): boolean {
    if (!pattern.test(this.#tokens[0] ?? '')) return false;
    this.#tokens.shift();
    return true;
  }
}

function text(quoted: string): string {
  const [, inside] = /^'(.*)'$/.exec(quoted) ?? [];
  if (inside === undefined) throw new Error('not a text');
  return inside;
}

function compare(operator: string, value: string, wanted: string): boolean {
  const ignoresCase = /IgnoreCase$/i.test(operator);
  const [one, other] = ignoresCase ? [value.toLowerCase(), wanted.toLowerCase()] : [value, wanted];
  switch (operator.replace(/IgnoreCase$/i, '')) {
    case 'StringEquals':
      return one === other;
    case 'StringNotEquals':
      return one !== other;
    case 'StringStartsWith':
      return one.startsWith(other);
    case 'StringLike':
      return matches(other, one);
    default:
      throw new Error(`${operator} is not known`);
  }
}

/** `*` stands for any text. */
function matches(pattern: string, value: string): boolean {
  const escaped = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`, 'i').test(value);
}
