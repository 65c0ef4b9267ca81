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

/** The names that a type takes; `rule` says it in words. */
export interface NameRule {
  readonly pattern: RegExp;
  readonly rule: string;
}

interface CommonType {
  /** Full type in Azure's spelling, e.g. `Microsoft.Network/virtualNetworks/subnets`. */
  readonly type: string;
  /** The bucket of the provider's own throttling, which comes on top of ARM's. */
  bucket?(request: ArmRequest): Bucket | undefined;
}

/** A type whose resources live in the store. GET, HEAD and list are answered from there. */
export interface StoredType extends CommonType {
  readonly kind: 'stored';
  /** Has a location and is listed by GET /subscriptions/{s}/resources. */
  readonly tracked?: boolean;
  readonly names?: NameRule;
  /** The body that readers see; default: the stored one. */
  view?(resource: Resource, world: World): Body;
  /** `etag` header on GET. */
  readonly etagHeader?: boolean;
  /** The provider's words for an If-Match that is not the resource's ETag, where they are not ARM's. */
  mismatch?(ifMatch: string, resource: Resource): ArmError;
  /** Refuses headers that the provider does not take together. @throws ArmError */
  checkHeaders?(request: ArmRequest): void;
  /** The provider's 404, where it is not ARM's. */
  notFound?(request: ArmRequest): ArmError;
  put?(request: ArmRequest, existing: Resource | undefined): Reply;
  readonly patch?: ResourceHandler;
  readonly delete?: ResourceHandler;
  readonly actions?: Readonly<Record<string, ResourceHandler>>;
  /** How its requests change its state; handlers carry them out with `transit`. */
  readonly transitions?: Transitions;
  list?(request: ArmRequest): Reply;
}

/** A type that is computed: versions, upgrade profiles, name checks, … */
interface ComputedType extends CommonType {
  readonly kind: 'computed';
  /** Answers GET of a resource and of a collection. */
  readonly get?: Handler;
  readonly post?: Handler;
  readonly put?: Handler;
  readonly patch?: Handler;
  readonly delete?: Handler;
  /** Whether its POSTs count as reads, as checkNameAvailability does. */
  readonly countsAsRead?: boolean;
}

export type ResourceType = StoredType | ComputedType;

/**
 * A claim: one thing that the simulator does as Azure does it, and how we know.
 * `recorded`: seen in a recorded HTTP exchange or pasted from one; `documented`: written by Microsoft or in its client;
 * `modelled`: our assumption where no source was found.
 */
export interface Behaviour {
  readonly id: string;
  /** A type as Azure spells it, a namespace for all of its types, or `any`. */
  readonly resourceType: string;
  readonly says: string;
  readonly evidence: 'recorded' | 'documented' | 'modelled';
  readonly source: string;
  /** The test that proves it: its file in test/simulator and its title, with `%s` where it is one of a table. */
  readonly test: string;
}

/** A resource provider: one folder in simulator/providers/. */
export interface Provider {
  readonly types: readonly ResourceType[];
  readonly behaviours: readonly Behaviour[];
  /** Refuses a malformed body or name in the provider's own words, or lets it pass with undefined. Default: ARM's words. */
  refusal?(problem: RequestProblem, request: ArmRequest): ArmError | undefined;
  /** Refuses requests to any provider, as permissions and locks do. `action` is RBAC's name for the request. @throws ArmError */
  guard?(request: ArmRequest, action: string): void;
  /** Fills a fresh world. */
  seed?(world: World): void;
}
