import type { z } from 'zod';
import { ArmError } from './errors.ts';
import type { ResourceId } from './ids.ts';
import type { Body } from './json.ts';
import type { OperationSpec } from './operations.ts';
import type { World } from './world.ts';

/** An HTTP request as the server hands it to ARM. */
export interface Incoming {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly secure: boolean;
}

/** An HTTP answer. `silence` closes the connection instead (drop), or leaves it open without an answer (hang). */
export interface Outgoing {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly silence?: 'drop' | 'hang' | undefined;
}

/** An ARM request as a provider sees it: ARM has made its own checks. */
export interface ArmRequest {
  readonly method: string;
  readonly id: ResourceId;
  /** The ID in the provider's own spelling, with `/resourceGroups/`. */
  readonly resourceId: string;
  readonly apiVersion: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Object ID of the principal that sends it. */
  readonly caller: string;
  readonly world: World;
  /** `https://127.0.0.1:1234`, as the client addressed it. */
  readonly origin: string;
  /** Collects the actions that the request needs: its own, then those on resources that it names. */
  readonly needs?: Need[];
}

/** An action that the caller must be allowed at a scope. */
export interface Need {
  readonly action: string;
  readonly scope: string;
}

export interface Reply {
  readonly status: number;
  readonly body?: Body | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Simulated seconds until the answer; default 0.1 for reads, 0.5 for writes. */
  readonly seconds?: number;
  /** Starts when the request is answered; ARM adds the headers with which clients follow it. */
  readonly operation?: OperationSpec;
}

/** The request body in the given shape. @throws ArmError 400 InvalidRequestContent naming the first problems. */
export function parseBody<T>(request: ArmRequest, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(request.body ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, 3).map((issue) => `'${issue.path.join('.')}': ${issue.message}`);
  throw new ArmError(400, 'InvalidRequestContent', `The request content was invalid: ${problems.join('; ')}.`);
}
