import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { type ClientConfigProfile, loadConfigData } from '@temporalio/envconfig';
import type { Problem } from '../contract/problem.ts';
import { certificatesIn } from './certificates.ts';

type Tls = NonNullable<ClientConfigProfile['tls']>;
type Source = Tls['clientCert'];

/** A setting as its variable is called; a profile has keys of nearly the same names. */
const names = {
  clientCert: 'TEMPORAL_TLS_CLIENT_CERT',
  clientKey: 'TEMPORAL_TLS_CLIENT_KEY',
  serverCACert: 'TEMPORAL_TLS_SERVER_CA_CERT',
} as const;
type Name = keyof typeof names;

/** Everything in files of certificates and keys for which a service would be refused, or would refuse, with less said. */
export function tlsProblems(tls: Tls | undefined): Problem[] {
  if (!tls || tls.disabled) return [];
  const { problems, read } = reader(tls);
  const authority = read('serverCACert', certificatesIn, 'holds no certificate in PEM');
  const certificate = read('clientCert', certificatesIn, 'holds no certificate in PEM')?.[0];
  const key = read('clientKey', privateKeyIn, 'holds no private key in PEM that can be read without a password');
  // A file of authorities may keep old ones beside those that count.
  const valid = authority?.some((each) => ofNow(each) === undefined);
  if (valid === false && authority?.[0]) problems.push(problemOf(tls, 'serverCACert', `${ofNow(authority[0])}`));
  const expired = certificate && ofNow(certificate);
  if (expired) problems.push(problemOf(tls, 'clientCert', expired));
  if (certificate && key && !certificate.checkPrivateKey(key))
    problems.push(problemOf(tls, 'clientKey', 'is not the key of the client certificate'));
  const [given, missing]: [Name, Name] = tls.clientCert ? ['clientCert', 'clientKey'] : ['clientKey', 'clientCert'];
  if (tls[given] && !tls[missing]) problems.push(problemOf(tls, missing, `is missing beside ${names[given]}_…`));
  return problems;
}

/** Reads settings, and notes those that cannot be read. */
function reader(tls: Tls) {
  const problems: Problem[] = [];
  const read = <T>(name: Name, parse: (text: string) => T | undefined, otherwise: string): T | undefined => {
    const source = tls[name];
    if (!source) return undefined;
    try {
      const content = parse(Buffer.from(loadConfigData(source) ?? []).toString('utf8'));
      if (content === undefined) problems.push(problemOf(tls, name, otherwise));
      return content;
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      problems.push(problemOf(tls, name, `cannot be read (${code})`));
      return undefined;
    }
  };
  return { problems, read };
}

/** @param problem Says nothing of what a file holds. */
const problemOf = (tls: Tls, name: Name, problem: string): Problem => ({
  where: `${names[name]}_${sourceKind(tls[name])}`,
  problem,
  whatToDo: `Give the ${name === 'clientKey' ? 'key' : 'certificate'} in PEM, in a file (…_PATH) or as it is (…_DATA).`,
});

const sourceKind = (source: Source): string =>
  source === undefined ? '…' : 'path' in source ? `PATH ${source.path}` : 'DATA';

function privateKeyIn(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** Why a certificate is not valid now. */
function ofNow({ validFromDate, validToDate }: X509Certificate): string | undefined {
  const now = Date.now();
  if (validToDate.getTime() < now) return `has expired on ${validToDate.toISOString()}`;
  return validFromDate.getTime() > now ? `is not valid before ${validFromDate.toISOString()}` : undefined;
}
