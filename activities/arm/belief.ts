import type { PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline';

/** A proxy may answer in Azure's place, even with 200. Its sign-in page must not be taken for a resource without properties. */
export class UnreadableAnswerError extends Error {
  readonly response: PipelineResponse;

  constructor(response: PipelineResponse, what: string) {
    const { status, headers, bodyAsText } = response;
    const type = headers.get('content-type') ?? 'no content type';
    super(`Answer ${status} is ${what} (${type}): ${(bodyAsText ?? '').replace(/\s+/g, ' ').slice(0, 80)}`);
    this.response = response;
  }
}

/**
 * Why an answer is not taken for Azure's. Gateways in front of it refuse and throttle in plain text, and their status and Retry-After
 * count; only in Azure's own words, which have a code, is something not there.
 */
export function faultOf(
  { method, url }: PipelineRequest,
  { status, headers, bodyAsText }: PipelineResponse,
): string | undefined {
  const body = bodyAsText ?? '';
  if (status >= 400 && status !== 404) return undefined;
  if (body !== '' && !/\bjson\b/i.test(headers.get('content-type') ?? '')) return 'not JSON';
  if (status === 404) return body === '' || /"code"\s*:\s*"/.test(body) ? undefined : "without a code of Azure's";
  const asks = method === 'GET' && status === 200 && !/operation(s|results|statuses)\//i.test(new URL(url).pathname);
  return asks && !isWhole(body) ? 'neither a resource nor a list' : undefined;
}

/**
 * Whether a body has what a read asks for: a resource has an ID, a list has entries. Some clients take an empty body, or `{}`, for an
 * empty list: nobody would use a registry, and nothing would be locked.
 */
const isWhole = (body: string): boolean => /"id"\s*:\s*"|"values?"\s*:\s*\[/.test(body);
