import type { TokenCredential } from '@azure/identity';
import { decodeJwt } from 'jose';
import { z } from 'zod';
import type { AboutWorker, AzureIdentity } from '../contract/aboutWorker.ts';
import type { AzureConnection } from './arm/connection.ts';
import type { Webhook } from './webhook.ts';

/** Entra ID calls the application `appid` in tokens of version 1, `azp` in those of version 2. */
const claims = z.object({
  oid: z.string(),
  appid: z.string().optional(),
  azp: z.string().optional(),
  tid: z.string().optional(),
});

/**
 * Lets the first look of a scenario say which events this worker sends, so that no activity is in vain, and as whom it acts in Azure,
 * for the evidence.
 */
export function aboutWorker({ credential, endpoint }: AzureConnection, webhook: Webhook | undefined) {
  const tells = webhook && { events: webhook.events, patienceSeconds: webhook.patienceSeconds };
  let known: AzureIdentity | undefined;
  const identity = async (): Promise<AzureIdentity | undefined> => {
    // To get a token may take the Azure CLI a second, and it is of the same identity.
    known ??= await identityOf(credential, endpoint);
    return known;
  };
  return <Request, Seen extends object>(look: (request: Request) => Promise<Seen>) =>
    async (request: Request): Promise<Seen & AboutWorker> => {
      const seen = await look(request);
      const actsAs = await identity().catch(() => undefined);
      return { ...seen, ...(tells && { tells }), ...(actsAs && { actsAs }) };
    };
}

/** As whom a credential acts. It is told, and never a reason to trust: nobody has checked the signature here. */
export async function identityOf(credential: TokenCredential, endpoint: string): Promise<AzureIdentity> {
  const { token = '' } = (await credential.getToken(`${endpoint}/.default`)) ?? {};
  const { oid, appid, azp = appid, tid } = claims.parse(decodeJwt(token));
  return {
    objectId: oid,
    ...(azp !== undefined && { applicationId: azp }),
    ...(tid !== undefined && { tenantId: tid }),
  };
}
