import type { ArmError } from './errors.ts';
import type { ArmRequest, Reply } from './exchange.ts';
import type { Body } from './json.ts';
import type { RequestProblem } from './schemas.ts';
import type { Resource } from './store.ts';
import type { Bucket } from './throttling.ts';
import type { Transitions } from './transitions.ts';
import type { World } from './world.ts';

type Handler = (request: ArmRequest) => Reply;
type ResourceHandler = (request: ArmRequest, resource: Resource) => Reply;

/** Which names a type takes: `rule` says it in words. */
export interface NameRule {
  readonly pattern: RegExp;
  readonly rule: string;
}

interface CommonType {
  /** Full type in Azure's spelling, e.g. `Microsoft.Network/virtualNetworks/subnets`. */
  readonly type: string;
  /** The provider's own throttling, beside ARM's. */
  bucket?(request: ArmRequest): Bucket | undefined;
}

/** A type whose resources live in the store. GET, HEAD and list are answered from there. */
export interface StoredType extends CommonType {
  readonly kind: 'stored';
  /** Has a location and is listed by GET /subscriptions/{s}/resources. */
  readonly tracked?: boolean;
  readonly names?: NameRule;
  /** What GET and list answer; default the stored body. */
  view?(resource: Resource, world: World): Body;
  /** `etag` header on GET. */
  readonly etagHeader?: boolean;
  /** The provider's 404, where it is not ARM's. */
  notFound?(request: ArmRequest): ArmError;
  put?(request: ArmRequest, existing: Resource | undefined): Reply;
  readonly patch?: ResourceHandler;
  readonly delete?: ResourceHandler;
  readonly actions?: Readonly<Record<string, ResourceHandler>>;
  /** What its requests do to its state; handlers carry them out. */
  readonly transitions?: Transitions;
  list?(request: ArmRequest): Reply;
}

/** A type that is computed: versions, upgrade profiles, name checks, … */
interface ComputedType extends CommonType {
  readonly kind: 'computed';
  /** GET (of the resource or the collection, whichever the path names). */
  readonly get?: Handler;
  readonly post?: Handler;
  /** Reads do not count as writes although they are POSTs (checkNameAvailability). */
  readonly countsAsRead?: boolean;
}

export type ResourceType = StoredType | ComputedType;

/**
 * One thing the simulator does as Azure does it, and how we know.
 * `recorded`: seen in a recorded HTTP exchange or pasted from one; `documented`: written by Microsoft or in its client;
 * `modelled`: our assumption where no source was found.
 */
export interface Behaviour {
  readonly id: string;
  /** As Azure spells it, a namespace for all of its types, or `any`. */
  readonly resourceType: string;
  readonly says: string;
  readonly evidence: 'recorded' | 'documented' | 'modelled';
  readonly source: string;
  /** What proves it: the file in test/simulator and the title, `%s` where it is one of a table. */
  readonly test: string;
}

/** A resource provider: one folder in simulator/providers/. */
export interface Provider {
  readonly types: readonly ResourceType[];
  readonly behaviours: readonly Behaviour[];
  /** A malformed body or name in the provider's own words; undefined where it does not mind. Default: as ARM says it. */
  refusal?(problem: RequestProblem, request: ArmRequest): ArmError | undefined;
  /** Refuses requests to any provider: permissions and locks. `action` as RBAC names it. @throws ArmError */
  guard?(request: ArmRequest, action: string): void;
  /** Fills a fresh world. */
  seed?(world: World): void;
}
