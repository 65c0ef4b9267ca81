import type { TokenCredential } from '@azure/identity';

/** Asks the simulator's control API; an answer without a body is `undefined`. @throws on any status but 2xx */
export async function controlApi<T = undefined>(
  { port }: { readonly port: number },
  resource: string,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' = 'GET',
  body?: unknown,
): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}/simulator/${resource}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`The simulator answered ${response.status} for ${resource}`);
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** Gets tokens from the simulator as a managed identity gets them from App Service. */
export function simulatedIdentity(tokenEndpoint: string): TokenCredential {
  return {
    async getToken(scopes) {
      const url = `${tokenEndpoint}?resource=${encodeURIComponent(String(scopes))}&api-version=2019-08-01`;
      const response = await fetch(url, { headers: { 'X-IDENTITY-HEADER': 'simulator' } });
      const answer: unknown = await response.json();
      if (typeof answer !== 'object' || answer === null || !('access_token' in answer) || !('expires_on' in answer))
        throw new Error(`No token: ${response.status}`);
      return { token: String(answer.access_token), expiresOnTimestamp: Number(answer.expires_on) * 1000 };
    },
  };
}
