import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { problemText } from '../../contract/problem.ts';
import { temporalConfiguration } from '../../temporal/configuration.ts';
import { makePair, type Pair } from '../support/tlsProxy.ts';

const inDays = (days: number): Date => new Date(Date.now() + days * 24 * 3_600_000);

/** Nobody's configuration file is read. */
const problems = (env: Record<string, string>): string[] => {
  const read = temporalConfiguration({ XDG_CONFIG_HOME: '/nowhere', ...env });
  return Array.isArray(read) ? read.map(problemText) : [];
};

describe('the TLS files of Temporal', () => {
  let folder: string;
  let good: Pair;
  let other: Pair;
  const file = (name: string) => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aks-isolation-tls-'));
    const [current, another, expired, early] = await Promise.all([
      makePair('good'),
      makePair('other'),
      makePair('expired', { from: inDays(-30), until: inDays(-1) }),
      makePair('early', { from: inDays(1), until: inDays(30) }),
    ]);
    good = current;
    other = another;
    const contents = {
      'good.pem': good.cert,
      'good.key': good.key,
      'other.key': other.key,
      'expired.pem': expired.cert,
      'expired.key': expired.key,
      'early.pem': early.cert,
      'both.pem': `${expired.cert}\n${good.cert}`,
      'text.pem': 'no certificate',
      'broken.pem': '-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n',
    };
    await Promise.all(Object.entries(contents).map(([name, content]) => writeFile(file(name), content)));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const clientFiles = (cert: string, key: string) => ({
    TEMPORAL_TLS_CLIENT_CERT_PATH: file(cert),
    TEMPORAL_TLS_CLIENT_KEY_PATH: file(key),
  });

  it('are taken as they are, from files, variables and profiles', async () => {
    const tls = {
      serverRootCACertificate: expect.anything(),
      clientCertPair: { crt: expect.anything(), key: expect.anything() },
    };
    const byFile = { ...clientFiles('good.pem', 'good.key'), TEMPORAL_TLS_SERVER_CA_CERT_PATH: file('both.pem') };
    expect(temporalConfiguration(byFile)).toMatchObject({ connectionOptions: { tls } });
    const byValue = {
      TEMPORAL_TLS_CLIENT_CERT_DATA: good.cert,
      TEMPORAL_TLS_CLIENT_KEY_DATA: good.key,
      TEMPORAL_TLS_SERVER_CA_CERT_DATA: good.cert,
    };
    expect(temporalConfiguration(byValue)).toMatchObject({ connectionOptions: { tls } });
    const profile = `[profile.prod]\naddress = "prod:7233"\n[profile.prod.tls]\nclient_cert_path = "${file('good.pem')}"\n`;
    await writeFile(file('temporal.toml'), profile);
    expect(problems({ TEMPORAL_CONFIG_FILE: file('temporal.toml'), TEMPORAL_PROFILE: 'prod' })).toEqual([
      expect.stringContaining('TEMPORAL_TLS_CLIENT_KEY_…: is missing beside TEMPORAL_TLS_CLIENT_CERT_…'),
    ]);
  });

  it.each([
    ['is not there', 'nowhere.pem', 'good.key', [/CLIENT_CERT_PATH .*nowhere\.pem: cannot be read \(ENOENT\)/]],
    ['is no PEM', 'text.pem', 'good.key', [/CLIENT_CERT_PATH .*text\.pem: holds no certificate in PEM/]],
    ['is broken', 'broken.pem', 'good.pem', [/holds no certificate in PEM/, /good\.pem: holds no private key in PEM/]],
    ['has expired', 'expired.pem', 'expired.key', [/expired\.pem: has expired on \d{4}-/]],
    ['is of another key', 'good.pem', 'other.key', [/other\.key: is not the key of the client certificate/]],
    ['is not valid yet', 'early.pem', 'good.key', [/early\.pem: is not valid before/, /good\.key: is not the key/]],
  ])('are named where a client certificate %s', (_, cert, key, expected) => {
    expect(problems(clientFiles(cert, key))).toEqual(expected.map((each) => expect.stringMatching(each)));
  });

  it('are named where the authority of the service is none, or has expired, all at once', () => {
    expect(
      problems({ ...clientFiles('text.pem', 'nowhere.key'), TEMPORAL_TLS_SERVER_CA_CERT_PATH: file('expired.pem') }),
    ).toEqual([
      expect.stringContaining('TEMPORAL_TLS_CLIENT_CERT_PATH'),
      expect.stringContaining('TEMPORAL_TLS_CLIENT_KEY_PATH'),
      expect.stringMatching(/TEMPORAL_TLS_SERVER_CA_CERT_PATH .*: has expired/),
    ]);
    const [text] = problems({ TEMPORAL_TLS_CLIENT_KEY_DATA: 'c2VjcmV0', TEMPORAL_TLS_CLIENT_CERT_DATA: good.cert });
    expect(text).toContain('TEMPORAL_TLS_CLIENT_KEY_DATA: holds no private key');
    expect(text).not.toContain('c2VjcmV0');
  });
});

describe("Temporal's settings", () => {
  it('are not taken for something else than they say', () => {
    // With an API key beside it, the key would go out in clear.
    expect(problems({ TEMPORAL_TLS: 'True', TEMPORAL_API_KEY: 'k' })).toEqual([
      'TEMPORAL_TLS: True is neither true nor false. Use true or false.',
    ]);
    expect(problems({ TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true' })).toEqual([
      expect.stringContaining('the name of the host is verified always'),
    ]);
    expect(problems({ TEMPORAL_CONFIG_FILE: '/nowhere.toml' })).toEqual([
      expect.stringContaining('there is no /nowhere.toml'),
    ]);
  });

  it('count as not set where they are empty', () => {
    const empty = { TEMPORAL_ADDRESS: '', TEMPORAL_API_KEY: '', TEMPORAL_TLS_CLIENT_CERT_PATH: '', TEMPORAL_TLS: '' };
    expect(temporalConfiguration(empty)).toEqual({
      namespace: undefined,
      connectionOptions: expect.objectContaining({ address: undefined, apiKey: undefined, tls: undefined }),
    });
  });
});
