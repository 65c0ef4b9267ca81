import type { Body } from './json.ts';

export interface ErrorOptions {
  readonly details?: readonly Body[];
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** AKS answers its errors bare, everyone else inside `{"error": …}` (terraform-provider-azurerm#28878). */
  readonly bare?: boolean;
  readonly subcode?: string;
  /** Simulated seconds until the answer. */
  readonly seconds?: number;
}

/** A refusal, as it goes over the wire. */
export class ArmError extends Error {
  readonly status: number;
  readonly code: string;
  readonly options: ErrorOptions;

  constructor(status: number, code: string, message: string, options: ErrorOptions = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.options = options;
  }

  body(): Body {
    const { details, target, bare, subcode } = this.options;
    if (bare) return { code: this.code, details: details ?? null, message: this.message, subcode: subcode ?? '' };
    return {
      error: { code: this.code, message: this.message, ...(target && { target }), ...(details && { details }) },
    };
  }
}

/** 404 InvalidResourceType. `where` ends the sentence of its message. */
export function typeNotFound(namespace: string, types: readonly string[], where: string): ArmError {
  return gatewayError(
    404,
    'InvalidResourceType',
    `The resource type '${types.join('/')}' could not be found in the namespace '${namespace}' ${where}`,
  );
}

/** A refusal by ARM itself rather than by a resource provider. */
export function gatewayError(status: number, code: string, message: string, options: ErrorOptions = {}): ArmError {
  const headers = { ...options.headers, 'x-ms-failure-cause': 'gateway' };
  return new ArmError(status, code, message, { ...options, headers });
}
