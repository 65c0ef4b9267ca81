import { Clock } from './clock.ts';
import { Faults } from './faults.ts';
import { keyOf } from './ids.ts';
import { isBody } from './json.ts';
import { type Operation, Operations } from './operations.ts';
import { Store } from './store.ts';
import { Throttle } from './throttling.ts';

export type Edition = 'current' | '2024-preview';

/** A write that was accepted; GET /simulator/durations tells them. */
export interface Write {
  readonly resourceId: string;
  readonly operation: string;
  readonly startedAt: Date;
  readonly requestSeconds: number;
  readonly longRunning: Operation | undefined;
}

/** What a reset may set. */
export interface WorldSettings {
  /** Seconds until a role assignment takes effect. */
  readonly roleDelaySeconds: number;
  /** What the caller may do; left out, everything. */
  readonly callerPermissions?: readonly CallerPermission[] | undefined;
  /** vCPU limits by family, lower case, or `cores`. */
  readonly quotas: Readonly<Record<string, number>>;
}

export interface CallerPermission {
  readonly scope: string;
  readonly actions: readonly string[];
  readonly notActions?: readonly string[] | undefined;
}

/** Everything that a reset forgets. */
export class World {
  readonly edition: Edition;
  readonly clock: Clock;
  readonly store = new Store();
  readonly operations: Operations;
  readonly throttle = new Throttle();
  readonly faults = new Faults();
  readonly writes: Write[] = [];
  /** When each identity's principal was made, by its ID in lower case: the directory learns of it late. */
  readonly principals = new Map<string, Date>();
  readonly #hidden = new Map<string, Date>();
  /** How many node images have come out since this world began. */
  nodeImageWeeks = 0;
  settings: WorldSettings = { roleDelaySeconds: 30, quotas: {} };
  /** `{subscription}/{namespace}/{feature}` in lower case: flags that are registered *and* have reached their provider. */
  readonly activeFeatures = new Set<string>();

  constructor(edition: Edition, speed: number, epoch: number) {
    this.edition = edition;
    this.clock = new Clock(speed, epoch);
    this.operations = new Operations(this.clock);
  }

  /** Removes a resource with all that hangs on it; what was running there ends, a deletion Succeeded, the rest Canceled. */
  remove(id: string): void {
    this.store.remove(id);
    for (let lost = this.operations.runningBelow(id); lost; lost = this.operations.runningBelow(id)) {
      if (lost.verb === 'DELETE') this.operations.end(lost, 'Succeeded');
      else this.operations.end(lost, 'Canceled', { code: 'ResourceDeleted', message: 'The resource was deleted.' });
    }
  }

  /** Reads do not find it for so many seconds. */
  hide(id: string, seconds: number): void {
    this.#hidden.set(keyOf(id), new Date(this.clock.now().getTime() + seconds * 1000));
  }

  isHidden(id: string): boolean {
    const until = this.#hidden.get(keyOf(id));
    return until !== undefined && until > this.clock.now();
  }

  /** Sets `properties.provisioningState` of a resource, if it still exists. */
  settle(id: string, provisioningState: string): void {
    const resource = this.store.get(id);
    if (!resource) return;
    const properties = isBody(resource.body.properties) ? resource.body.properties : {};
    this.store.put(id, resource.type, { ...resource.body, properties: { ...properties, provisioningState } });
  }

  featureActive(subscriptionId: string, namespace: string, feature: string): boolean {
    return this.activeFeatures.has(`${subscriptionId}/${namespace}/${feature}`.toLowerCase());
  }

  /** `Registered`, `NotRegistered`, …; undefined for a namespace nobody knows. */
  registrationState(subscriptionId: string, namespace: string): string | undefined {
    const state = this.store.get(keyOf(`/subscriptions/${subscriptionId}/providers/${namespace}`))?.body
      .registrationState;
    return typeof state === 'string' ? state : undefined;
  }
}
