import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { azureFailure, ownFailure } from '../../contract/failures.ts';
import { withoutSecrets } from '../../contract/withoutSecrets.ts';

const secret = 's3cr3tS3cr3tS3cr3t';
const token = `eyJhbGciOiJSUzI1NiJ9.eyJ${secret}.${secret}`;

const texts: [text: string, shown: string][] = [
  [
    `https://a.blob.core.windows.net/c?sv=2024&sig=${secret}%3D&se=1`,
    'https://a.blob.core.windows.net/c?sv=2024&sig=[redacted]&se=1',
  ],
  [`Authorization: Bearer ${token}`, 'Authorization: Bearer [redacted]'],
  [`the token ${token} is expired`, 'the token [redacted] is expired'],
  [
    `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${secret}==;EndpointSuffix=x`,
    'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=[redacted];EndpointSuffix=x',
  ],
  [`{"client_secret":"${secret}"}`, '{"client_secret":"[redacted]"}'],
  [`{\\"password\\": \\"${secret}\\"}`, '{\\"password\\": \\"[redacted]\\"}'],
  [`https://f.azurewebsites.net/api/x?code=${secret}==`, 'https://f.azurewebsites.net/api/x?code=[redacted]'],
  [`Server=db;Pwd=${secret};`, 'Server=db;Pwd=[redacted];'],
  [`proxy http://user:${secret}@proxy:3128 refused`, 'proxy http://[redacted]@proxy:3128 refused'],
  [
    `Endpoint=sb://x/;SharedAccessKeyName=root;SharedAccessKey=${secret}`,
    'Endpoint=sb://x/;SharedAccessKeyName=root;SharedAccessKey=[redacted]',
  ],
  [`{"windowsProfile":{"adminPassword":"${secret}"}}`, '{"windowsProfile":{"adminPassword":"[redacted]"}}'],
  [`AZURE_CLIENT_SECRET=${secret} az login`, 'AZURE_CLIENT_SECRET=[redacted] az login'],
  [`{"spClientSecret": "${secret}"}`, '{"spClientSecret": "[redacted]"}'],
  [`https://h.example/hook?access_token=${secret}&x=1`, 'https://h.example/hook?access_token=[redacted]&x=1'],
  [`https://h.example/o?X-Amz-Signature=${secret}`, 'https://h.example/o?X-Amz-Signature=[redacted]'],
  [`https://h.example/o?se=1&token=${secret}`, 'https://h.example/o?se=1&token=[redacted]'],
  [`users: [{name: a, user: {token: ${secret}}}]`, 'users: [{name: a, user: {token: [redacted]}}]'],
  [`client-key-data: ${secret}`, 'client-key-data: [redacted]'],
  [`x-functions-key: ${secret}`, 'x-functions-key: [redacted]'],
  [`Set-Cookie: session=${secret}; Path=/`, 'Set-Cookie: [redacted]'],
  [
    `-----BEGIN RSA PRIVATE KEY-----\\n${secret}\\n-----END RSA PRIVATE KEY-----`,
    '-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----',
  ],
];

const plain = [
  'code: OperationNotAllowed, Code="Conflict"',
  'Subnet 10.0.0.0/24: address 10.0.0.4 is taken (code: 409)',
  'The client secret has expired. Sign in again.',
  'policy "deny-public": https://portal.azure.com/#view/policy?id=a',
  'The basic authentication scheme is off',
  'InvalidAuthenticationToken: The access token is invalid. InvalidToken: it has expired; token: expired',
  'the design: simple; the key: monkey; a code=0 of an exit',
  "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg, 'key=value:NoSchedule'",
];

describe('a text from Azure', () => {
  it.each(texts)('keeps no secret: %s', (text, shown) => {
    expect(withoutSecrets(text)).toBe(shown);
    for (const failure of [
      azureFailure('Any', text, '/subscriptions/s'),
      ownFailure('Unreachable', text, undefined, { retryable: true }),
    ])
      expect(`${failure.message}\n${failure.stack}\n${JSON.stringify(failure.details)}`).not.toContain(secret);
  });

  it.each(plain)('stays as it is without one: %s', (text) => {
    expect(withoutSecrets(text)).toBe(text);
  });

  it('is looked through at once, whatever is in it', () => {
    const part = fc.constantFrom(
      'sig',
      '=',
      ':',
      ' ',
      '"',
      'Bearer ',
      'eyJ',
      '.',
      'aaaaaaaaaaaa',
      '://',
      '@',
      'password',
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const before = process.cpuUsage();
        withoutSecrets(parts.join('').repeat(20_000).slice(0, 100_000));
        // CPU time, not how long a busy machine takes for it.
        expect(process.cpuUsage(before).user / 1_000).toBeLessThan(1_000);
      }),
      { seed: 1, numRuns: 60 },
    );
  });
});
