import { withoutSecrets } from '../../contract/withoutSecrets.ts';
import { builtInRoles } from '../../resources/roles.ts';
import { runTag } from './tags.ts';

/** Stands for the subscription, so that a recording fits the simulated Azure as it is. */
const neutralSubscription = '11111111-1111-1111-1111-111111111111';

/** Headers that say something about Azure. All others stay at home, the token first of all. */
const keptHeaders =
  /^(content-type|if-match|if-none-match|retry-after|retry-after-ms|azure-asyncoperation|location|etag|x-ms-failure-cause|x-ms-error-code|x-ms-ratelimit-.*)$/;

/** The real values and what stands for them. It is a part of the run's state, so that a run that goes on says the same. */
export type Replacements = Record<string, string>;

/** How a kind of value is found, and what stands for the n-th. Those that come first win. */
const kinds: readonly { found: RegExp; neutral: (count: number) => string }[] = [
  // Tokens for further pages.
  { found: /(?<=skiptoken=)[^&"\s]+/gi, neutral: (count) => String(count) },
  { found: /(?<=\/managementGroups\/)[^/"'\s]+/gi, neutral: (count) => `group-${count}` },
  // IDs of operations that hold others, written otherwise.
  { found: /(?<=operation(?:s|results|statuses)\/)[\w=%+-]{37,}/gi, neutral: (count) => `operation-${count}` },
  {
    found: /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
    neutral: (count) => `00000000-0000-4000-8000-${digits(count, 12)}`,
  },
  // Names of AKS's own registries, and IDs of machines.
  { found: /\b[0-9a-f]{32}\b/gi, neutral: (count) => `0000000000004000${digits(count, 16)}` },
  { found: /\b[0-9a-f]{24}\b/gi, neutral: (count) => digits(count, 24) },
  // In names of nodes, load balancers and networks of AKS, and in host names of API servers.
  { found: /(?<=aks-(?:[a-z0-9]+-)?)\d{8}(?=-|\b)/g, neutral: (count) => digits(count, 8) },
  { found: /(?<=-)[0-9a-z]{8}(?=\.(?:hcp|privatelink|[0-9a-f-]{36})\.)/g, neutral: (count) => digits(count, 8) },
  // Guests of a tenant have a # in theirs: ada_contoso.com#EXT#@fabrikam.onmicrosoft.com.
  { found: /\b[\w.+'#-]+@[\w-]+(?:\.[\w-]+)+\b/g, neutral: (count) => `somebody${count}@example.com` },
  // A public address. Private ones are the run's own.
  {
    found:
      /\b(?!10\.|127\.|0\.|192\.168\.|168\.63\.|172\.(?:1[6-9]|2\d|3[01])\.|203\.0\.113\.)(?:\d{1,3}\.){3}\d{1,3}\b/g,
    neutral: (count) => `203.0.113.${count % 256}`,
  },
];

const digits = (count: number, length: number): string => String(count).padStart(length, '0');

/** IDs that are the same for everybody. */
const everybodys: ReadonlySet<string> = new Set(Object.values(builtInRoles).map(({ id }) => id));

/** Texts that hold names of the owner's: of policies, and of who may not do something. AKS has such a refusal in words of its own. */
const tellingCodes = /RequestDisallowedByPolicy|AuthorizationFailed/;

/** Tags of a run's own. Policies give all else that its owner has them give. */
const ownTags: ReadonlySet<string> = new Set([runTag, 'expiresOn']);

/** A value of a body without what its owner has written: further tags, words about roles, and policies that say no by their names. */
function withoutOwners(key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if (key === 'tags') return Object.fromEntries(Object.entries(value).filter(([name]) => ownTags.has(name)));
  const isRole = 'roleDefinitionId' in value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]) => {
      if (name === 'additionalInfo') return [];
      const isWords = isRole && typeof each === 'string' && (name === 'description' || name === 'condition');
      return [[name, isWords ? '(left out)' : each]];
    }),
  );
}

/** Replaces tokens, keys, names and IDs, the same value by the same each time. */
export class Neutral {
  readonly #replacements: Replacements;
  readonly #runId: string;

  readonly #endpoint: string;

  /** @param replacements Grows. @param runId Stands in all names of the run. @param endpoint Azure's address, which may be a simulator's. */
  constructor(replacements: Replacements, subscriptionId: string, runId: string, endpoint: string) {
    this.#replacements = replacements;
    this.#endpoint = endpoint;
    replacements[subscriptionId.toLowerCase()] = neutralSubscription;
    this.#runId = runId;
  }

  text(text: string): string {
    let rest = withoutSecrets(text)
      .replaceAll(this.#runId, '000000')
      .replaceAll(this.#endpoint, 'https://management.azure.com')
      // The signature of an operation's address.
      .replace(/(?<=[?&])(t|c|s|h)=[^&"\s]*/g, '$1=0');
    for (const { found, neutral } of kinds) rest = rest.replace(found, (value) => this.#instead(value, neutral));
    return rest;
  }

  /** A body as the wire has it: JSON as such, another text as text, nothing as null. */
  body(wire: string | undefined): unknown {
    if (!wire) return null;
    const text = tellingCodes.test(wire) ? wire.replace(/("message":\s*")(?:[^"\\]|\\.)*"/g, '$1(left out)"') : wire;
    try {
      return JSON.parse(this.text(text), withoutOwners);
    } catch {
      return this.text(text).slice(0, 1_000);
    }
  }

  headers(headers: Iterable<[string, string]>): Record<string, string> {
    const kept = [...headers].map(([name, value]) => [name.toLowerCase(), value] as const);
    return Object.fromEntries(
      kept.filter(([name]) => keptHeaders.test(name)).map(([name, value]) => [name, this.text(value)]),
    );
  }

  #instead(value: string, neutral: (count: number) => string): string {
    const key = value.toLowerCase();
    if (everybodys.has(key)) return value;
    // A value that stands for something is not replaced again.
    if (Object.values(this.#replacements).includes(key)) return value;
    this.#replacements[key] ??= neutral(Object.keys(this.#replacements).length);
    return this.#replacements[key];
  }
}
