import { X509Certificate } from 'node:crypto';

/** The certificates in a text; `undefined` where it holds none, or one that cannot be read. */
export function certificatesIn(pem: string): X509Certificate[] | undefined {
  const texts = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  try {
    return texts.length > 0 ? texts.map((each) => new X509Certificate(each)) : undefined;
  } catch {
    return undefined;
  }
}
