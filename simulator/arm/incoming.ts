import { gatewayError } from './errors.ts';
import type { Incoming } from './exchange.ts';
import { isBody } from './json.ts';
import { bearerProblem } from './token.ts';

/** @throws ArmError 401 */
export function checkBearer(incoming: Incoming): void {
  const problem = bearerProblem(incoming.headers.authorization);
  if (!problem) return;
  throw gatewayError(401, problem.code, problem.message, {
    headers: {
      'www-authenticate': `Bearer authorization_uri="https://login.microsoftonline.com/", error="invalid_token", error_description="${problem.message}"`,
    },
  });
}

/** The API version of a request. @throws ArmError 400 */
export function checkApiVersion(url: URL): string {
  const version = [...url.searchParams].find(([name]) => name.toLowerCase() === 'api-version')?.[1];
  if (!version) {
    throw gatewayError(
      400,
      'MissingApiVersionParameter',
      'The api-version query parameter (?api-version=) is required for all requests.',
    );
  }
  if (!/^\d{4}-\d{2}-\d{2}(-preview|-privatepreview|-alpha|-beta)?$/i.test(version)) {
    throw gatewayError(
      400,
      'InvalidApiVersionParameter',
      `The api-version '${version}' is invalid. The api-version must be of the form 'yyyy-MM-dd'.`,
    );
  }
  return version;
}

/** The body of a request; undefined where it has none. @throws ArmError 400 InvalidRequestContent */
export function requestBody(incoming: Incoming): unknown {
  if (incoming.body === '') return undefined;
  const parsed = parseJson(incoming.body);
  if (parsed && isBody(parsed.value)) return parsed.value;
  throw gatewayError(
    400,
    'InvalidRequestContent',
    'The request content was invalid and could not be deserialized: a JSON object was expected.',
  );
}

export function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
