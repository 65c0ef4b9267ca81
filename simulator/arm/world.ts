import { z } from 'zod';
import { azureSwitchDefaults, azureSwitchPositions } from './azureSwitches.ts';
import { Clock, type Speed } from './clock.ts';
import { denial } from './denials.ts';
import { Faults } from './faults.ts';
import { keyOf } from './ids.ts';
import { valueAt, withValueAt } from './json.ts';
import { type Operation, Operations } from './operations.ts';
import { Others } from './others.ts';
import { policy } from './policies.ts';
import { Store } from './store.ts';
import { Throttle } from './throttling.ts';

export type Edition = 'current' | '2024-preview';

/** An accepted write, for GET /simulator/durations. */
export interface Write {
  readonly resourceId: string;
  readonly operation: string;
  readonly startedAt: Date;
  readonly requestSeconds: number;
  readonly longRunning: Operation | undefined;
}

/** A change that somebody has asked of Azure, and its answer. */
export interface Activity {
  /** By the machine's clock: readers of the log ask by their own. */
  readonly time: Date;
  readonly method: string;
  readonly action: string;
  readonly resourceId: string;
  readonly caller: string;
  readonly correlationId: string;
  readonly clientRequestId: string | undefined;
  readonly status: number;
  readonly error: { readonly code: string; readonly message: string } | undefined;
  readonly operation: Operation | undefined;
  /** IDs of its events: the beginning, the answer, the end of its operation. */
  readonly eventIds: readonly [string, string, string];
}

const callerPermission = z.strictObject({
  scope: z.string().startsWith('/'),
  actions: z.array(z.string()),
  notActions: z.array(z.string()).optional(),
});

const machine = z.strictObject({
  forwards: z.boolean().optional(),
  dns: z.enum(['azure', 'internet', 'silent']).optional(),
  records: z.record(z.string(), z.ipv4()).optional(),
});
/** Machines at addresses where Azure's control plane sees nothing: by address. */
const machines = z.record(z.ipv4(), machine);

/** Settings of a world, as a reset may set them. */
export const worldSettings = z.strictObject({
  /** Simulated seconds until a role assignment takes effect, for tokens and access checks alike. */
  roleDelaySeconds: z.number().nonnegative().optional(),
  /** Permissions of the caller; default: everything. */
  callerPermissions: z.array(callerPermission).optional(),
  /** vCPU limits by family, lower case, or `cores`. */
  quotas: z.record(z.string(), z.int().nonnegative()).default({}),
  /** Support of minor versions of Kubernetes, such as `{"1.34": "longTerm"}`, in place of what the edition offers. */
  kubernetes: z.record(z.string().regex(/^1\.\d+$/), z.enum(['community', 'longTerm', 'none'])).default({}),
  /** Assigned policies of Azure Policy. */
  policies: z.array(policy).default([]),
  /** Deny assignments, beside those of AKS. */
  denyAssignments: z.array(denial).default([]),
  machines: machines.default({}),
  /** Whether clusters and pools show their ETags. Microsoft documents them; recordings have none. */
  clusterEtags: z.boolean().default(false),
  /** By which clock clients wait between two polls: the machine's, or one that runs as fast as simulated time. */
  clientsClock: z.enum(['machine', 'simulated']).default('machine'),
  /** Positions of the switches. */
  azure: azureSwitchPositions.default(azureSwitchDefaults),
});
export type WorldSettings = z.output<typeof worldSettings>;

/** A request on the simulator's page. */
export interface RecentRequest {
  readonly time: Date;
  readonly method: string;
  readonly path: string;
  /** null when there was no answer. */
  readonly status: number | null;
}

/** As many as fit on the simulator's page. */
const keptRequests = 50;

/** A client that does not find what it has made cannot know for how long: it looks again within seconds. Modelled. */
const looksAgainSeconds = 5;

/** The state of the simulated Azure. A reset replaces it as a whole. */
export class World {
  readonly edition: Edition;
  readonly clock: Clock;
  readonly store = new Store();
  readonly operations: Operations;
  readonly throttle = new Throttle();
  readonly faults = new Faults();
  readonly others = new Others();
  readonly writes: Write[] = [];
  /** The activity log, oldest first. A snapshot does not keep it. */
  readonly activities: Activity[] = [];
  /** When each principal was made, by its ID in lower case. The directory learns of it late. */
  readonly principals = new Map<string, Date>();
  /** When machines were last known to work, by a key of their provider's. A snapshot does not keep it. */
  readonly lastSigns = new Map<string, Date>();
  /** Oldest first. */
  readonly recentRequests: RecentRequest[] = [];
  readonly #hidden = new Map<string, Date>();
  readonly #released = new Map<string, Date>();
  /** How many node images have come out since this world began: one a week. */
  nodeImageWeeks = 0;
  settings: WorldSettings = worldSettings.parse({});
  /** Features that are registered *and* have reached their provider, as `{subscription}/{namespace}/{feature}` in lower case. */
  readonly activeFeatures = new Set<string>();

  /** `start`: the simulated time at which it begins. */
  constructor(edition: Edition, speed: Speed, start: Date) {
    this.edition = edition;
    this.clock = new Clock(speed, start);
    this.operations = new Operations(this.clock);
  }

  /** Hangs up on all that wait in it. */
  end(): void {
    this.clock.stop();
    this.faults.clear();
    this.others.clear();
  }

  /** Removes a resource and everything below it. Operations there end: a deletion Succeeded, others Canceled. */
  remove(id: string): void {
    const now = this.clock.now();
    if (this.settings.azure.networkRelease === 'late')
      for (const key of this.store.holdingOn(id)) this.#released.set(key, now);
    this.store.remove(id);
    for (let lost = this.operations.runningBelow(id); lost; lost = this.operations.runningBelow(id)) {
      if (lost.verb === 'DELETE') this.operations.end(lost, 'Succeeded');
      else this.operations.end(lost, 'Canceled', { code: 'ResourceDeleted', message: 'The resource was deleted.' });
    }
  }

  /** Whether something below a resource, or that named it, has gone less than so many simulated seconds ago. */
  isReleasedSince(id: string, seconds: number): boolean {
    const at = this.#released.get(keyOf(id));
    if (at === undefined) return false;
    const until = at.getTime() + seconds * 1000;
    const isRecent = this.clock.now().getTime() < until;
    if (isRecent) this.clock.notYet('refused', until);
    return isRecent;
  }

  remember(request: RecentRequest): void {
    this.recentRequests.push(request);
    if (this.recentRequests.length > keptRequests) this.recentRequests.shift();
  }

  /** Hides a resource from readers for so many simulated seconds. */
  hide(id: string, seconds: number): void {
    this.#hidden.set(keyOf(id), new Date(this.clock.now().getTime() + seconds * 1000));
  }

  isHidden(id: string): boolean {
    const until = this.#hidden.get(keyOf(id));
    const now = this.clock.now();
    if (until === undefined || until <= now) return false;
    this.clock.notYet('any', Math.min(until.getTime(), now.getTime() + looksAgainSeconds * 1000));
    return true;
  }

  /** Sets the state of a resource, if it still exists and has another one. */
  setState(id: string, state: string, path = 'properties.provisioningState'): void {
    const resource = this.store.get(id);
    if (resource && valueAt(resource.body, path) !== state)
      this.store.put(id, resource.type, withValueAt(resource.body, path, state));
  }

  featureActive(subscriptionId: string, namespace: string, feature: string): boolean {
    return this.activeFeatures.has(`${subscriptionId}/${namespace}/${feature}`.toLowerCase());
  }

  /** `Registered`, `NotRegistered`, …; undefined for an unknown namespace. */
  registrationState(subscriptionId: string, namespace: string): string | undefined {
    const state = this.store.get(keyOf(`/subscriptions/${subscriptionId}/providers/${namespace}`))?.body
      .registrationState;
    return typeof state === 'string' ? state : undefined;
  }
}
