import { decodeJwt, UnsecuredJWT } from 'jose';
import { z } from 'zod';

export const tenantId = '33333333-3333-4333-8333-333333333333';
/** Object ID of the caller: every token is of this principal. */
export const callerObjectId = '44444444-4444-4444-8444-444444444444';
/** Object ID of everybody else. */
export const somebodyElse = '66666666-6666-4666-8666-666666666666';
const callerClientId = '55555555-5555-4555-8555-555555555555';
/** Tokens of managed identities live a day. */
const lifetimeSeconds = 24 * 3600;

/** The answer of App Service's managed identity endpoint. Expiry is in real time: clients compare it with their own clock. */
export function issueToken(resource: string, clientId: string | undefined, expired = false): Record<string, string> {
  const now = Math.floor(Date.now() / 1000) - (expired ? 2 * lifetimeSeconds : 0);
  const claims = {
    aud: resource,
    iss: `https://sts.windows.net/${tenantId}/`,
    iat: now,
    nbf: now,
    exp: now + lifetimeSeconds,
    appid: clientId ?? callerClientId,
    oid: callerObjectId,
    sub: callerObjectId,
    tid: tenantId,
    ver: '1.0',
  };
  return {
    access_token: new UnsecuredJWT(claims).encode(),
    // The endpoint takes its expired token for a good one.
    expires_on: String(Math.floor(Date.now() / 1000) + lifetimeSeconds),
    resource,
    token_type: 'Bearer',
    client_id: clientId ?? callerClientId,
  };
}

const claimsSchema = z.object({ exp: z.number() });

/** Why ARM would refuse this Authorization header; undefined when it is fine. Signatures are not checked. */
export function bearerProblem(authorization: string | undefined): { code: string; message: string } | undefined {
  const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
  if (!token) {
    return { code: 'AuthenticationFailed', message: "Authentication failed. The 'Authorization' header is missing." };
  }
  const claims = claimsSchema.safeParse(decodeClaims(token));
  if (!claims.success) return { code: 'InvalidAuthenticationToken', message: 'The access token is invalid.' };
  if (claims.data.exp * 1000 > Date.now()) return undefined;
  return {
    code: 'ExpiredAuthenticationToken',
    message: 'The access token expiry UTC time is earlier than the current UTC time.',
  };
}

function decodeClaims(token: string): unknown {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}
